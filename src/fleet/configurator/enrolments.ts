import { setTimeout as sleep } from "node:timers/promises";

/** Which servers are being enrolled just now. */
export class Enrolments {
  readonly #open = new Map<string, Promise<void>>();

  /** `work` enrols the server, from its first step to its last. */
  async within<T>(server: string, work: () => Promise<T>): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#open.set(server, promise);
    try {
      return await work();
    } finally {
      this.#open.delete(server);
      resolve();
    }
  }

  get open(): readonly string[] {
    return [...this.#open.keys()];
  }

  /**
   * Resolves when all that are open now have ended, well or badly, and at the limit in any case; who begins later is not waited
   * for. Rejects at `signal`.
   */
  async ended(limitMs: number, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const limit = sleep(limitMs, undefined, { signal: AbortSignal.any([signal, stop.signal]) });
    try {
      await Promise.race([Promise.all(this.#open.values()), limit]);
    } finally {
      stop.abort();
      limit.catch(() => undefined);
    }
  }
}
