import { randomUUID } from "node:crypto";

import { ProviderError } from "../../errors/error.ts";
import type { Machine } from "../../providers/contract.ts";
import { imageText, sizeText } from "../../stack/wishes.ts";
import { refuseTooSmallSize } from "../configurator/memory-needs.ts";
import { lookAtHost } from "../look-at-host.ts";
import { providerContext } from "../run-context.ts";
import { type PhaseResult, resultOf, type ServerRun, SKIPPED } from "../server-run.ts";

/**
 * Makes sure that the server's machine exists and runs, and that an address is known. A host that nobody makes is asked for
 * its key, where this run does not go on to a session.
 */
export async function boot(run: ServerRun, signal: AbortSignal): Promise<PhaseResult> {
  const { context, server } = run;
  const found = run.machine;
  const { duplicates } = run;
  const isThere = found?.status === "running" && found.publicAddresses.length > 0;
  if (isThere && duplicates.length === 0) {
    context.addresses.settle(server.name, found);
    if (context.stack.provider.capabilities.creates) return resultOf(0);
    // Of such a provider's machines nobody has seen anything yet: it says what the config says. A session sees it soon.
    if (context.phases.has("trust")) return SKIPPED;
    await lookAtHost(run, found, signal);
    return resultOf(0);
  }
  if (found === undefined) await refuseTooSmallSize(run, signal);
  if (context.mode === "plan") {
    if (found === undefined) run.step(`would be created${describeWish(run)}`);
    else if (!isThere) run.step(describeLack(found, "would be started"));
    for (const { id } of duplicates) run.step(`a second machine of it would be removed: ${id}`);
    context.addresses.settle(server.name, found);
    return resultOf(1);
  }
  if (found === undefined) run.step(`creating the machine${describeWish(run)}`);
  else if (!isThere) run.step(describeLack(found, "starting the machine"));
  for (const { id } of duplicates) run.step(`removing a second machine of it: ${id}`);
  const machine = await context.stack.provider.ensure(
    {
      server: server.name,
      roles: server.roles,
      bootstrapKeys: [server.ssh.publicKey],
      token: randomUUID(),
      ...(server.image === undefined ? {} : { image: server.image }),
      ...(server.size === undefined ? {} : { size: server.size }),
    },
    providerContext(context, (text) => run.step(text), signal),
  );
  if (machine.status === "failed") {
    throw new ProviderError(
      "MACHINE_FAILED",
      `The provider says that the machine failed: ${machine.detail ?? "no reason given"}.`,
    );
  }
  run.machine = machine;
  // The provider may have made another one in the place of one that had failed, or was going.
  run.isFresh = found?.id !== machine.id || found.status === "creating";
  context.addresses.settle(server.name, machine);
  return resultOf(1);
}

/** What a machine of ours lacks. One that has failed is the provider's: its options say whether it is kept or replaced. */
function describeLack({ status, detail }: Machine, remedy: string): string {
  if (status !== "failed") return `${remedy} (it is ${status})`;
  return `the machine has failed (${detail ?? "no reason given"}): the provider's options say whether it is kept or replaced`;
}

/** ` (image debian-12, size small)`: what the config asks for; nothing where it leaves the choice to the provider. */
function describeWish({ server }: ServerRun): string {
  const wishes = [
    ...(server.image === undefined ? [] : [`image ${imageText(server.image)}`]),
    ...(server.size === undefined ? [] : [`size ${sizeText(server.size)}`]),
  ];
  return wishes.length === 0 ? "" : ` (${wishes.join(", ")})`;
}
