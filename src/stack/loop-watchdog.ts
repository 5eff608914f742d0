import { Worker } from "node:worker_threads";

/** Where the main thread was, 1-based. */
export interface LoopPlace {
  readonly url: string;
  readonly line: number;
  readonly column: number;
}

/** What the watchdog's thread is given. */
export interface WatchdogTask {
  readonly afterMs: number;
  /** Stands in the URLs of the user's own files. */
  readonly mark: string;
}

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
    const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
    const file = new URL(`./loop-watchdog-worker${extension}`, import.meta.url);
    this.#worker = new Worker(file, { workerData: this.#task, execArgv: [], env: {} });
    this.#worker.unref();
    this.#worker.once("message", this.#onLoop);
    // Without it, a loop without an end is one again.
    this.#worker.once("error", () => undefined);
  }

  end(): void {
    void this.#worker?.terminate();
    this.#worker = undefined;
  }
}
