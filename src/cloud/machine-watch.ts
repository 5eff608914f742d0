import { CancelledError, TimeoutError } from "../errors/error.ts";
import { type Caller, pause, unlessAborted } from "./caller.ts";

/** The longest pause between two looks, as a multiple of the shortest. */
const SLOWEST = 15;
/** A waiter is looked after again when it has waited this much longer than at the last look: what a look may come too late. */
const GROWTH = 0.1;

export interface Wait<M, T> {
  /** Called with each list; undefined: not yet. */
  readonly claim: (machines: readonly M[]) => T | undefined;
  readonly limitMs: number;
  /** Said when the limit is reached: "web1 did not become active". */
  readonly what: string;
  /** The last list is looked at before anybody asks for one: for a claim that it cannot meet by being old. Default false. */
  readonly lastWillDo?: boolean;
}

interface Waiter<M> {
  readonly since: number;
  readonly look: (machines: readonly M[]) => void;
  readonly fail: (error: unknown) => void;
  readonly caller: Caller;
}

/** Asks the cloud for all machines that may be ours. */
export type ListMachines<M> = (caller: Caller) => Promise<readonly M[]>;

/**
 * One list call for all who wait for machines of one account. Those that ask at the same moment share a call; the
 * pauses between calls grow with the time that the youngest waiter has waited.
 */
export class MachineWatch<M extends { readonly id: string }> {
  readonly #ask: ListMachines<M>;
  readonly #pollMs: number;
  readonly #waiters = new Set<Waiter<M>>();
  #current: Promise<unknown> = Promise.resolve();
  #next: { readonly list: Promise<readonly M[]>; readonly sharers: Set<Caller> } | undefined;
  #isPolling = false;
  /** Ends the pause between two looks when nobody waits any more: it would hold up the end of the process. */
  #rest = new AbortController();
  #last: readonly M[] = [];

  constructor(ask: ListMachines<M>, pollMs: number) {
    this.#ask = ask;
    this.#pollMs = pollMs;
  }

  /** The machine as the last list showed it: for its tags, which nobody else changes. */
  lastSeen(id: string): M | undefined {
    return this.#last.find((machine) => machine.id === id);
  }

  /** What was seen of the machine holds no longer. */
  forget(id: string): void {
    this.#last = this.#last.filter((machine) => machine.id !== id);
  }

  /** A list that the cloud was asked for after this call. */
  async fresh(caller: Caller): Promise<readonly M[]> {
    if (caller.signal.aborted) throw new CancelledError();
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

  /**
   * Looks until the claim is met. What is not seen within the limit was not in a list that was asked for after it either: a
   * cloud that was slow, or let nobody look for a while, must not be taken for one that has nothing to show.
   *
   * @throws TimeoutError, CancelledError, and what the list call throws.
   */
  async until<T>(wait: Wait<M, T>, caller: Caller): Promise<T> {
    if (wait.lastWillDo === true && !caller.signal.aborted) {
      const value = wait.claim(this.#last);
      if (value !== undefined) return value;
    }
    const timer = new AbortController();
    let waiter: Waiter<M> | undefined;
    const found = new Promise<T>((resolve, reject) => {
      waiter = {
        since: Date.now(),
        look: (machines) => {
          try {
            const value = wait.claim(machines);
            if (value !== undefined) resolve(value);
          } catch (error) {
            reject(error);
          }
        },
        fail: reject,
        caller,
      };
      this.#waiters.add(waiter);
      const { look } = waiter;
      const tooLate = (): void =>
        reject(new TimeoutError(`${wait.what} within ${seconds(wait.limitMs)}.`, wait.limitMs));
      const timeout = setTimeout(() => {
        this.fresh(caller).then(look).then(tooLate, reject);
      }, wait.limitMs);
      timer.signal.addEventListener("abort", () => clearTimeout(timeout));
    });
    void this.#poll();
    try {
      return await unlessAborted(found, caller.signal);
    } finally {
      timer.abort();
      if (waiter !== undefined) this.#waiters.delete(waiter);
      if (this.#waiters.size === 0) this.#rest.abort();
    }
  }

  async #listAfter(before: Promise<unknown>, sharers: ReadonlySet<Caller>): Promise<readonly M[]> {
    await before.catch(() => undefined);
    this.#next = undefined;
    // Asked for by several, so that none of them alone may end it; it has the limits of every call.
    const list = withCommonCaller(sharers, this.#ask);
    this.#current = list;
    const machines = await list;
    this.#last = machines;
    return machines;
  }

  async #poll(): Promise<void> {
    if (this.#isPolling) return;
    this.#isPolling = true;
    try {
      while (this.#waiters.size > 0) {
        this.#rest = new AbortController();
        await pause(this.#pauseMs(), this.#rest.signal).catch(() => undefined);
        // Cut short: nobody waited, and whoever does now has just come.
        if (this.#rest.signal.aborted) continue;
        const waiters = [...this.#waiters];
        const callers = waiters.map(({ caller }) => caller);
        await withCommonCaller(callers, async (common) => await this.fresh(common)).then(
          (machines) => {
            for (const waiter of waiters) waiter.look(machines);
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
