import { setTimeout as sleep } from "node:timers/promises";

import { expect, test } from "vitest";

import { withPhaseLimit } from "../../../src/fleet/phase-limit.ts";
import { failureOf } from "../../provider-calls.ts";

const NEVER = new AbortController().signal;

function runOf(
  waitedMs: () => number,
  limitMs: number,
  signal = NEVER,
): Parameters<typeof withPhaseLimit>[0] {
  return {
    waitedMs,
    server: { ssh: { phaseTimeoutMs: limitMs } },
    context: { signal, hardSignal: NEVER },
  };
}

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });

test("a phase ends at its limit, which is said", async () => {
  const failure = await failureOf(
    withPhaseLimit(
      runOf(() => 0, 50),
      "enroll",
      untilAborted,
    ),
  );
  expect(failure).toMatch(/^TIMEOUT: The phase enroll did not end within 0 s/);
});

test("the time in which another server was waited for does not count", async () => {
  const began = performance.now();
  // It has waited the whole time for another one, ten times its own limit.
  const waiting = runOf(() => performance.now() - began, 50);
  expect(await withPhaseLimit(waiting, "enroll", async () => await sleep(500, "done"))).toBe(
    "done",
  );
  // It waits no more, and its own time is up.
  let waitedMs = 0;
  const wasWaiting = runOf(() => waitedMs, 150);
  const work = async (signal: AbortSignal): Promise<never> => {
    const since = performance.now();
    for (let looks = 0; looks < 10; looks += 1) {
      await sleep(20);
      waitedMs = performance.now() - since;
    }
    return await untilAborted(signal);
  };
  expect(await failureOf(withPhaseLimit(wasWaiting, "enroll", work))).toMatch(/^TIMEOUT/);
});

test("the user's wish ends it", async () => {
  const cancel = new AbortController();
  const ended = failureOf(
    withPhaseLimit(
      runOf(() => 0, 60_000, cancel.signal),
      "boot",
      untilAborted,
    ),
  );
  cancel.abort();
  expect(await ended).toMatch(/^CANCELLED/);
});
