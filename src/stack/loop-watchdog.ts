import type { Debugger } from "node:inspector";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, Worker, workerData } from "node:worker_threads";

/** Where the main thread was, 1-based. */
export interface LoopPlace {
  readonly url: string;
  readonly line: number;
  readonly column: number;
}

/** What the watchdog's thread is given. */
interface WatchdogTask {
  readonly afterMs: number;
  /** Stands in the URLs of the user's own files. */
  readonly mark: string;
}

/** How long the watchdog's thread stays after its message, ms. */
const LINGER_MS = 1_000;

/** Text in which something may be done again and again. A false alarm costs a thread, and nothing more. */
const LOOP = /\b(?:while|for)\s*(?:await\s*)?\(|\bdo\s*\{/;

/**
 * Ends code that never gives the thread back. Nothing else could: neither timers nor signals are heard in a loop.
 *
 * A thread costs 15 MB and some ten milliseconds, so it is started only when a text with a loop in it is about to run.
 */
export class LoopWatchdog {
  readonly #task: WatchdogTask;
  readonly #onLoop: (place: LoopPlace | undefined) => void;
  #worker: Worker | undefined;

  constructor(task: WatchdogTask, onLoop: (place: LoopPlace | undefined) => void) {
    this.#task = task;
    this.#onLoop = onLoop;
  }

  get isWatching(): boolean {
    return this.#worker !== undefined;
  }

  /** Looks at a text that is about to run. */
  see(text: string): void {
    if (this.#worker !== undefined || !LOOP.test(text)) return;
    // The thread runs a function of this very module.
    const own = JSON.stringify(import.meta.url);
    const worker = new Worker(`import(${own}).then((own) => own.${endLoopLater.name}())`, {
      eval: true,
      workerData: this.#task,
      execArgv: [],
      env: {},
    });
    this.#worker = worker;
    worker.unref();
    worker.once("message", (place: LoopPlace | undefined) => {
      // Not at once: the session was closed just before the message was sent, and goes in this turn.
      this.#worker = undefined;
      setTimeout(() => void worker.terminate(), LINGER_MS).unref();
      this.#onLoop(place);
    });
    // Without it, a loop without an end is one again.
    worker.once("error", () => undefined);
  }

  end(): void {
    void this.#worker?.terminate();
    this.#worker = undefined;
  }
}

/**
 * In the watchdog's thread: when the time is up, stops the main thread by the inspector, looks where that was, and ends
 * what it ran.
 */
export async function endLoopLater(): Promise<void> {
  const { afterMs, mark } = workerData as WatchdogTask;
  await sleep(afterMs);
  const { Session } = await import("node:inspector");
  // The main thread ends this one. An open session alone does not keep a thread, and what the main thread keeps of a
  // closed one calls back here when it goes: where this thread was gone by then, Node aborted (one time in thirty).
  setInterval(() => undefined, 1_000);
  const urls = new Map<string, string>();
  const session = new Session();
  session.connectToMainThread();
  session.on("Debugger.scriptParsed", ({ params }) => urls.set(params.scriptId, params.url));
  session.on("Debugger.paused", ({ params }) => {
    const place = placeOf(params.callFrames, urls, mark);
    session.post("Debugger.disable");
    session.post("Runtime.terminateExecution", () => {
      session.disconnect();
      parentPort?.postMessage(place);
    });
  });
  session.post("Debugger.enable", () => session.post("Debugger.pause"));
}

/** The innermost place in the user's own files. */
function placeOf(
  frames: readonly Debugger.CallFrame[],
  urls: ReadonlyMap<string, string>,
  mark: string,
): LoopPlace | undefined {
  for (const { location } of frames) {
    const url = urls.get(location.scriptId) ?? "";
    if (url.includes(mark)) {
      return { url, line: location.lineNumber + 1, column: (location.columnNumber ?? 0) + 1 };
    }
  }
  return undefined;
}
