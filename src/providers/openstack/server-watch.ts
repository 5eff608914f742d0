import { TimeoutError } from "../../errors/error.ts";
import { type Caller, type OpenStackClient, pause, unlessAborted } from "./client.ts";
import { listServers, type NovaServer } from "./nova.ts";

/** The longest pause between two looks, as a multiple of the shortest. */
const SLOWEST = 15;
/** A waiter is looked after again when it has waited this much longer than at the last look. */
const GROWTH = 0.25;

export interface Wait<T> {
  /** Called with each list; undefined: not yet. */
  readonly claim: (servers: readonly NovaServer[]) => T | undefined;
  readonly limitMs: number;
  /** Said when the limit is reached: "web1 did not become active". */
  readonly what: string;
}

interface Waiter {
  readonly since: number;
  readonly look: (servers: readonly NovaServer[]) => void;
  readonly fail: (error: unknown) => void;
  readonly caller: Caller;
}

/**
 * One list call for all who wait for servers of one project. Those that ask at the same moment share a call; the
 * pauses between calls grow with the time that the youngest waiter has waited.
 */
export class ServerWatch {
  readonly #client: OpenStackClient;
  readonly #pollMs: number;
  readonly #never = new AbortController().signal;
  readonly #waiters = new Set<Waiter>();
  #current: Promise<unknown> = Promise.resolve();
  #next:
    | { readonly list: Promise<readonly NovaServer[]>; readonly sharers: Set<Caller> }
    | undefined;
  #isPolling = false;
  #last: readonly NovaServer[] = [];

  constructor(client: OpenStackClient, pollMs: number) {
    this.#client = client;
    this.#pollMs = pollMs;
  }

  /** The server as the last list showed it: for its metadata, which nobody else changes. */
  lastSeen(id: string): NovaServer | undefined {
    return this.#last.find((server) => server.id === id);
  }

  /** What was seen of the server holds no longer. */
  forget(id: string): void {
    this.#last = this.#last.filter((server) => server.id !== id);
  }

  /** A list that Nova was asked for after this call. */
  async fresh(caller: Caller): Promise<readonly NovaServer[]> {
    const sharers = this.#next?.sharers ?? new Set<Caller>();
    sharers.add(caller);
    this.#next ??= { list: this.#listAfter(this.#current, sharers), sharers };
    const { list } = this.#next;
    try {
      return await unlessAborted(list, caller.signal);
    } finally {
      sharers.delete(caller);
    }
  }

  /** @throws TimeoutError, CancelledError, and what the list call throws. */
  async until<T>(wait: Wait<T>, caller: Caller): Promise<T> {
    const timer = new AbortController();
    let waiter: Waiter | undefined;
    const found = new Promise<T>((resolve, reject) => {
      waiter = {
        since: Date.now(),
        look: (servers) => {
          try {
            const value = wait.claim(servers);
            if (value !== undefined) resolve(value);
          } catch (error) {
            reject(error);
          }
        },
        fail: reject,
        caller,
      };
      this.#waiters.add(waiter);
      const timeout = setTimeout(
        () =>
          reject(new TimeoutError(`${wait.what} within ${seconds(wait.limitMs)}.`, wait.limitMs)),
        wait.limitMs,
      );
      timer.signal.addEventListener("abort", () => clearTimeout(timeout));
    });
    void this.#poll();
    try {
      return await unlessAborted(found, caller.signal);
    } finally {
      timer.abort();
      if (waiter !== undefined) this.#waiters.delete(waiter);
    }
  }

  async #listAfter(
    before: Promise<unknown>,
    sharers: ReadonlySet<Caller>,
  ): Promise<readonly NovaServer[]> {
    await before.catch(() => undefined);
    this.#next = undefined;
    // Asked for by several, so that none of them alone may end it; it has the limits of every call.
    const list = withCommonCaller(
      sharers,
      async (common) => await listServers(this.#client, common),
    );
    this.#current = list;
    const servers = await list;
    this.#last = servers;
    return servers;
  }

  async #poll(): Promise<void> {
    if (this.#isPolling) return;
    this.#isPolling = true;
    try {
      while (this.#waiters.size > 0) {
        await pause(this.#pauseMs(), this.#never);
        if (this.#waiters.size === 0) return;
        const waiters = [...this.#waiters];
        const callers = waiters.map(({ caller }) => caller);
        await withCommonCaller(callers, async (common) => await this.fresh(common)).then(
          (servers) => {
            for (const waiter of waiters) waiter.look(servers);
          },
          (error: unknown) => {
            for (const waiter of waiters) waiter.fail(error);
          },
        );
      }
    } finally {
      this.#isPolling = false;
    }
  }

  #pauseMs(): number {
    const youngest = Math.max(...[...this.#waiters].map(({ since }) => since));
    const waited = Date.now() - youngest;
    return Math.min(Math.max(this.#pollMs, waited * GROWTH), this.#pollMs * SLOWEST);
  }
}

/** Speaks to all sharers, and ends when the last of them has gone. */
async function withCommonCaller<T>(
  sharers: Iterable<Caller>,
  work: (common: Caller) => Promise<T>,
): Promise<T> {
  const all = [...sharers];
  const allGone = new AbortController();
  const isDone = new AbortController();
  const look = (): void => {
    if (all.every(({ signal }) => signal.aborted)) allGone.abort();
  };
  for (const { signal } of all)
    signal.addEventListener("abort", look, { once: true, signal: isDone.signal });
  try {
    return await work({
      signal: allGone.signal,
      progress: (text) => {
        for (const caller of all) caller.progress(text);
      },
      trace: (call) => all[0]?.trace?.(call),
    });
  } finally {
    isDone.abort();
  }
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${ms} ms` : `${Math.round(ms / 1000)} s`;
}
