import pLimit from "p-limit";

import { RefusedError, toBootmachineError } from "../errors/error.ts";
import type { Host } from "../host/host.ts";
import type { Server } from "../stack/stack.ts";
import { connectHost } from "./connect-host.ts";
import type { ServerSummary } from "./events.ts";
import { pickDistro } from "./pick-distro.ts";
import { rebootHost, waitForReboot } from "./reboot-host.ts";
import { providerContext, type RunContext } from "./run-context.ts";
import { summarize } from "./run-server.ts";
import { ServerRun } from "./server-run.ts";
import { waysIn } from "./ways-in.ts";
import type { StackMachines } from "./stack-machines.ts";

/** Reboots servers, each by itself: `soft` by its own init, `hard` by the provider, also where nobody gets in; both are proven. */
export async function rebootServers(
  context: RunContext,
  servers: readonly Server[],
  machines: StackMachines,
  how: "soft" | "hard",
): Promise<readonly ServerSummary[]> {
  for (const server of context.stack.servers)
    context.addresses.settle(server.name, machines.get(server.name));
  const queue = pLimit(context.stack.concurrency);
  return Promise.all(
    servers.map((server) =>
      queue(async () => {
        const run = new ServerRun(server, context, machines.get(server.name));
        run.phase = "reboot";
        const began = performance.now();
        const elapsed = (): number => Math.round(performance.now() - began);
        run.emit({ type: "phase-started", server: server.name, phase: "reboot" });
        try {
          await rebootOne(run, how);
          run.changes = 1;
          run.emit({
            type: "phase-ended",
            server: server.name,
            phase: "reboot",
            outcome: "changed",
            ms: elapsed(),
            changes: 1,
          });
          return summarize(run, undefined, elapsed());
        } catch (thrown) {
          const error = toBootmachineError(thrown);
          error.server ??= server.name;
          run.emit({ type: "error", server: server.name, error: error.toRecord() });
          run.emit({
            type: "phase-ended",
            server: server.name,
            phase: "reboot",
            outcome: "failed",
            ms: elapsed(),
            changes: 0,
          });
          return summarize(run, error, elapsed());
        } finally {
          await run.close().catch(() => undefined);
        }
      }),
    ),
  );
}

async function rebootOne(run: ServerRun, how: "soft" | "hard"): Promise<void> {
  const { context, server } = run;
  const { provider } = context.stack;
  if (how === "hard" && !provider.capabilities.reboots) {
    throw new RefusedError(
      "CAPABILITY_MISSING",
      `The provider ${provider.name} cannot reset machines.`,
      {
        hint: "Use `bootmachine reboot` without --hard: the host reboots itself.",
      },
    );
  }
  run.step("connecting");
  if (how === "soft") {
    run.host = await connectHost(context, server, run.machine);
    run.distro = pickDistro(context.stack, server, run.host.facts);
    await rebootHost(run, "rebooting", context.signal);
    return;
  }
  const { machine } = run;
  const before = await readBeforeReset(run);
  run.step("resetting the machine");
  const resetAt = performance.now();
  if (machine === undefined) return;
  await provider.reboot(
    machine,
    "hard",
    providerContext(context, (text) => run.step(text)),
  );
  const record = context.records.get(server.name, machine.id);
  await waitForReboot(run, {
    targets:
      before?.target === undefined
        ? waysIn(context.stack, server, machine, record, false)
        : [before.target],
    before: before?.facts,
    resetAt,
    signal: context.signal,
    text: "resetting",
  });
}

/**
 * What a host says before its reset. One that lets nobody in is what a reset is for: it is left out. A host that shows
 * another key is refused all the same, and so is a server without a machine.
 */
async function readBeforeReset(
  run: ServerRun,
): Promise<Pick<Host, "target" | "facts"> | undefined> {
  try {
    const host = await connectHost(run.context, run.server, run.machine);
    const { target, facts } = host;
    await host.close();
    return { target, facts };
  } catch (thrown) {
    const error = toBootmachineError(thrown);
    const isHung =
      error.kind === "timeout" ||
      error.kind === "remote" ||
      (error.kind === "transport" && error.code !== "HOST_KEY_MISMATCH");
    if (!isHung) throw thrown;
    run.note("info", `Nobody got in before the reset: ${error.message}`);
    return undefined;
  }
}
