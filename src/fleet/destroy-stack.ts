import { rm } from "node:fs/promises";

import pLimit from "p-limit";

import { toBootmachineError } from "../errors/error.ts";
import { unpinHostKeys } from "../host/known-hosts.ts";
import type { Machine } from "../providers/contract.ts";
import { revokeAtMaster } from "./configurator/revoke.ts";
import type { Destroyable, DestroyedServer, Selection } from "./fleet-contract.ts";
import { dropProofMark } from "./proof-marks.ts";
import { providerContext, type RunContext } from "./run-context.ts";
import { type SelectedMachines, selectsEverything, selectWithOrphans } from "./selection.ts";
import { hostKeyAlias } from "./ways-in.ts";

/** What `destroy` would remove. */
export async function findDestroyable(
  context: RunContext,
  selection: Selection,
): Promise<Destroyable> {
  const { machines, selected } = await look(context, selection);
  const named = new Set(selected.servers.map(({ name }) => name));
  return {
    machines: [...machines.filter(({ server }) => named.has(server)), ...selected.orphans],
    leftovers: selected.leftovers,
  };
}

async function look(
  { stack, signal }: RunContext,
  selection: Selection,
): Promise<{ readonly machines: readonly Machine[]; readonly selected: SelectedMachines }> {
  const caller = providerContext({ stack, signal });
  const machines = await stack.provider.observe(caller);
  const leftovers = await stack.provider.leftovers?.(caller);
  return { machines, selected: selectWithOrphans(stack, selection, machines, leftovers) };
}

/**
 * Removes machines, half-made ones too. One that cannot be removed does not keep the others. Servers without a
 * machine are asked for as well: a create that failed early may have left something that is not a machine yet.
 */
export async function destroyServers(
  context: RunContext,
  selection: Selection,
): Promise<readonly DestroyedServer[]> {
  const { selected } = await look(context, selection);
  const names = new Set([
    ...selected.servers.map(({ name }) => name),
    ...[...selected.orphans, ...selected.leftovers].map(({ server }) => server),
  ]);
  const queue = pLimit(context.stack.concurrency);
  const outcomes = await Promise.all(
    [...names].map((name) => queue(() => destroyServer(context, name))),
  );
  await takeTrustAway(context, outcomes);
  if (selectsEverything(selection) && outcomes.every(({ error }) => error === undefined)) {
    await context.stack.provider.destroyShared?.(providerContext(context));
    for (const path of [context.paths.knownHosts, context.paths.sshConfig, context.paths.records]) {
      await rm(path, { force: true });
    }
    await rm(context.paths.proved, { recursive: true, force: true });
  }
  return outcomes;
}

/** A server that is gone is nobody's agent any more. */
async function takeTrustAway(
  context: RunContext,
  outcomes: readonly DestroyedServer[],
): Promise<void> {
  const gone = outcomes.flatMap(({ server, error }) => (error === undefined ? [server] : []));
  const { master, configurator } = context.stack;
  if (configurator.revoke === undefined || master === undefined || gone.includes(master)) return;
  const machines = await context.stack.provider.observe(providerContext(context));
  for (const { name } of context.stack.servers) {
    context.addresses.settle(
      name,
      machines.find(({ server }) => server === name),
    );
  }
  await revokeAtMaster(context, gone);
  await shutOut(context, master, gone);
  await context.master.close();
}

/** Whoever has the address of a server that is gone next is not let in at the master. */
async function shutOut(
  context: RunContext,
  master: string,
  gone: readonly string[],
): Promise<void> {
  if (context.addresses.machine(master) === undefined) return;
  try {
    await context.master.openToMembers(context);
  } catch (thrown) {
    context.emit({
      type: "note",
      level: "warning",
      text: `${master} still lets in the addresses that ${gone.join(", ")} had: ${toBootmachineError(thrown).message} The next \`bootmachine up\` shuts them out.`,
    });
  }
}

async function destroyServer(context: RunContext, server: string): Promise<DestroyedServer> {
  const began = performance.now();
  const ended = (outcome: "changed" | "unchanged" | "failed"): void =>
    context.emit({
      type: "phase-ended",
      server,
      phase: "destroy",
      outcome,
      ms: Math.round(performance.now() - began),
      changes: outcome === "changed" ? 1 : 0,
    });
  context.emit({ type: "phase-started", server, phase: "destroy" });
  try {
    const { existed, note } = await context.stack.provider.destroy(
      server,
      providerContext(context, (text) =>
        context.emit({ type: "step", server, phase: "destroy", text }),
      ),
    );
    await unpinHostKeys(context.paths.knownHosts, hostKeyAlias(context.stack.name, server));
    await context.records.remove(server);
    await dropProofMark(context.paths, server);
    ended(existed ? "changed" : "unchanged");
    const isForgotten = existed && !context.stack.provider.capabilities.creates;
    return {
      server,
      existed,
      ...(isForgotten ? { isForgotten } : {}),
      ...(note === undefined ? {} : { note }),
    };
  } catch (thrown) {
    const error = toBootmachineError(thrown);
    error.server ??= server;
    context.emit({ type: "error", server, error: error.toRecord() });
    ended("failed");
    return { server, existed: true, error: error.message };
  }
}
