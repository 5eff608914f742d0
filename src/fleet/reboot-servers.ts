import pLimit from "p-limit";

import { RefusedError, toBootmachineError } from "../errors/error.ts";
import type { Machine } from "../providers/contract.ts";
import type { Server } from "../stack/stack.ts";
import { connectHost } from "./connect-host.ts";
import type { ServerSummary } from "./events.ts";
import { pickDistro } from "./pick-distro.ts";
import { rebootHost, waitForReboot } from "./reboot-host.ts";
import { providerContext, type RunContext } from "./run-context.ts";
import { summarize } from "./run-server.ts";
import { ServerRun } from "./server-run.ts";

/** Reboots servers, each by itself: `soft` by its own init, `hard` by the provider; both are proven where the host can be reached. */
export async function rebootServers(
  context: RunContext,
  servers: readonly Server[],
  machines: ReadonlyMap<string, Machine>,
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
  run.host = await connectHost(context, server, run.machine);
  run.distro = pickDistro(context.stack, server, run.host.facts);
  if (how === "soft") {
    await rebootHost(run, "rebooting", context.signal);
    return;
  }
  const { target, facts: before } = run.host;
  await run.close();
  run.step("resetting the machine");
  if (run.machine !== undefined) {
    await provider.reboot(
      run.machine,
      "hard",
      providerContext(context, (text) => run.step(text)),
    );
  }
  await waitForReboot(run, { target, before, signal: context.signal, text: "resetting" });
}
