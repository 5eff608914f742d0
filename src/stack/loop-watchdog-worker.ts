// Runs in a thread of its own (loop-watchdog.ts starts it), because the main one is busy when it is needed: when the time is
// up, it stops the main thread by the inspector, looks where that was, and ends what it ran.
import { type Debugger, Session } from "node:inspector";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";

import type { LoopPlace, WatchdogTask } from "./loop-watchdog.ts";

const { afterMs, mark } = workerData as WatchdogTask;

await sleep(afterMs);
// An open session alone does not keep a thread.
const stayAlive = setInterval(() => undefined, 1_000);
const urls = new Map<string, string>();
const session = new Session();
session.connectToMainThread();
session.on("Debugger.scriptParsed", ({ params }) => urls.set(params.scriptId, params.url));
session.on("Debugger.paused", ({ params }) => {
  parentPort?.postMessage(placeOf(params.callFrames));
  // In this order, and each after the answer to the one before: a session that is closed too early ends nothing.
  session.post("Runtime.terminateExecution", () => {
    session.post("Debugger.disable", () => {
      session.disconnect();
      clearInterval(stayAlive);
    });
  });
  session.post("Debugger.resume");
});
session.post("Debugger.enable", () => session.post("Debugger.pause"));

/** The innermost place in the user's own files. */
function placeOf(frames: readonly Debugger.CallFrame[]): LoopPlace | undefined {
  for (const { location } of frames) {
    const url = urls.get(location.scriptId) ?? "";
    if (url.includes(mark)) {
      return { url, line: location.lineNumber + 1, column: (location.columnNumber ?? 0) + 1 };
    }
  }
  return undefined;
}
