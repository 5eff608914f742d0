import pLimit from "p-limit";

import type { BootmachineError } from "../errors/error.ts";
import { toBootmachineError } from "../errors/error.ts";
import type { CheckResult } from "../proof/check.ts";
import type { Machine } from "../providers/contract.ts";
import type { Server } from "../stack/stack.ts";
import type { ServerSummary } from "./events.ts";
import type { RunContext } from "./run-context.ts";
import { runBoot, runRest, summarize } from "./run-server.ts";
import { ServerRun } from "./server-run.ts";

export interface StackRunResult {
  readonly servers: readonly ServerSummary[];
  readonly checks: ReadonlyMap<string, readonly CheckResult[]>;
}

/**
 * Takes each server through its phases by itself; one slow or failing server holds up nobody.
 *
 * Booting has a queue of its own: a server that waits for the others' addresses must not keep them from booting.
 */
export async function runStack(
  context: RunContext,
  servers: readonly Server[],
  observed: ReadonlyMap<string, Machine>,
): Promise<StackRunResult> {
  const selected = new Set(servers.map(({ name }) => name));
  const boots = context.phases.has("boot");
  for (const server of context.stack.servers) {
    if (!boots || !selected.has(server.name))
      context.addresses.settle(server.name, observed.get(server.name));
  }
  const bootQueue = pLimit(context.stack.concurrency);
  const workQueue = pLimit(context.stack.concurrency);
  const checks = new Map<string, readonly CheckResult[]>();
  const summaries = await Promise.all(
    servers.map(async (server) => {
      const run = new ServerRun(server, context, observed.get(server.name));
      let began = performance.now();
      let error: BootmachineError | undefined;
      try {
        error = await bootQueue(() => {
          began = performance.now();
          return runBoot(run);
        });
        // Nobody waits for a server that failed to boot.
        context.addresses.settle(server.name, undefined);
        error ??= await workQueue(() => runRest(run));
      } catch (thrown) {
        error = toBootmachineError(thrown);
        context.emit({ type: "error", server: server.name, error: error.toRecord() });
      } finally {
        context.addresses.settle(server.name, undefined);
      }
      const summary = summarize(run, error, Math.round(performance.now() - began));
      await run.close().catch(() => undefined);
      checks.set(server.name, run.checks);
      return summary;
    }),
  );
  return { servers: summaries, checks };
}
