import pLimit from "p-limit";

import { CancelledError, toBootmachineError } from "../errors/error.ts";
import type { Server } from "../stack/stack.ts";
import { connectHost } from "./connect-host.ts";
import type { Phase, ServerSummary } from "./events.ts";
import { pickDistro } from "./pick-distro.ts";
import type { RunContext } from "./run-context.ts";
import { recordAt, summarize } from "./run-server.ts";
import { ServerRun } from "./server-run.ts";

/**
 * Connects to each of the servers and works on it, as of one phase; one that fails keeps nobody. The addresses of the
 * context are settled before.
 *
 * @param work answers with the number of changes
 */
export function workOnServers(
  context: RunContext,
  servers: readonly Server[],
  phase: Phase,
  work: (run: ServerRun) => Promise<number>,
): Promise<readonly ServerSummary[]> {
  const queue = pLimit(context.stack.concurrency);
  return Promise.all(servers.map((server) => queue(() => workOn(context, server, phase, work))));
}

async function workOn(
  context: RunContext,
  server: Server,
  phase: Phase,
  work: (run: ServerRun) => Promise<number>,
): Promise<ServerSummary> {
  const { name } = server;
  const run = new ServerRun(server, context, context.addresses.machine(name));
  const began = performance.now();
  const elapsed = (): number => Math.round(performance.now() - began);
  run.phase = phase;
  run.emit({ type: "phase-started", server: name, phase });
  try {
    if (context.signal.aborted) throw new CancelledError();
    run.step("connecting");
    run.host = await connectHost(context, server, run.machine);
    run.distro = pickDistro(context.stack, server, run.host.facts);
    run.wasLookedAt = true;
    run.changes = await work(run);
    const { changes } = run;
    const outcome = changes === 0 ? "unchanged" : "changed";
    run.emit({ type: "phase-ended", server: name, phase, outcome, ms: elapsed(), changes });
    return summarize(run, undefined, elapsed());
  } catch (thrown) {
    const error = toBootmachineError(thrown);
    const outcome = error.kind === "cancelled" ? "cancelled" : "failed";
    run.emit({ type: "error", server: name, phase, error: recordAt(error, run) });
    run.emit({ type: "phase-ended", server: name, phase, outcome, ms: elapsed(), changes: 0 });
    return summarize(run, error, elapsed());
  } finally {
    await run.close().catch(() => undefined);
  }
}
