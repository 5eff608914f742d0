import { setTimeout as sleep } from "node:timers/promises";

import { CancelledError, TimeoutError } from "../errors/error.ts";
import type { Phase } from "./events.ts";
import type { RunContext } from "./run-context.ts";
import type { ServerRun } from "./server-run.ts";

/** Limits run to their end, then a step that does not heed its signal is given up. */
const GRACE_MS = 15_000;
/** How often a server that waits for others is looked after, at most. */
const LOOK_MS = 100;

type LimitedRun = Pick<ServerRun, "waitedMs"> & {
  readonly server: { readonly ssh: { readonly phaseTimeoutMs: number } };
  readonly context: Pick<RunContext, "signal" | "hardSignal">;
};

/**
 * A phase ends at its limit, at the user's wish, and in any case: a step that hangs is given up after a grace time. The time in
 * which the server has waited for another one does not count: that one has its own limit.
 *
 * @throws TimeoutError at the limit; CancelledError
 */
export async function withPhaseLimit<T>(
  run: LimitedRun,
  phase: Phase,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limitMs = run.server.ssh.phaseTimeoutMs;
  const limit = new AbortController();
  const signal = AbortSignal.any([run.context.signal, limit.signal]);
  const timedOut = new TimeoutError(
    `The phase ${phase} did not end within ${Math.round(limitMs / 1000)} s.`,
    limitMs,
    {
      hint: "Find out why it is slow (`bootmachine log`), or raise ssh.phaseTimeoutSeconds.",
    },
  );
  const stopWaiting = new AbortController();
  const watchdog = new Promise<never>((_resolve, reject) => {
    void spend(run, limitMs, stopWaiting.signal).then(
      async () => {
        limit.abort(timedOut);
        await sleep(GRACE_MS, undefined, { signal: stopWaiting.signal }).catch(() => undefined);
        reject(timedOut);
      },
      () => undefined,
    );
  });
  const hardStop = new Promise<never>((_resolve, reject) => {
    run.context.hardSignal.addEventListener("abort", () => reject(new CancelledError()), {
      once: true,
      signal: stopWaiting.signal,
    });
  });
  try {
    return await Promise.race([work(signal), watchdog, hardStop]);
  } catch (error) {
    if (limit.signal.aborted) throw timedOut;
    if (run.context.signal.aborted && isAbort(error)) throw new CancelledError();
    throw error;
  } finally {
    stopWaiting.abort();
    watchdog.catch(() => undefined);
  }
}

/** Resolves when the run has used up its time; rejects at `signal`. */
async function spend(run: LimitedRun, limitMs: number, signal: AbortSignal): Promise<void> {
  const began = performance.now() - run.waitedMs();
  for (;;) {
    const left = limitMs - (performance.now() - run.waitedMs() - began);
    if (left <= 0) return;
    await sleep(Math.max(left, LOOK_MS), undefined, { signal });
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === "AbortError" || error instanceof CancelledError);
}
