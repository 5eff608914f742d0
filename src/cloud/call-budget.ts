import { setTimeout as sleep } from "node:timers/promises";

import pLimit, { type LimitFunction } from "p-limit";

import { CancelledError } from "../errors/error.ts";
import type { CallKind, CallLimit } from "./call-limit.ts";
import type { Caller } from "./caller.ts";

/** How many calls are under way at once for one account. */
const CALLS_AT_ONCE = 8;

interface Begun {
  readonly kind: CallKind;
  /** When it began; once it has ended, when it ended: the cloud has counted it some time in between. */
  at: number;
}

/**
 * What all calls of this process to one account share: how many are under way, how many there were lately, and the
 * quiet that the cloud asked for. One server's rate limit is every server's.
 */
export class CallBudget {
  readonly #atOnce: LimitFunction = pLimit(CALLS_AT_ONCE);
  #limits: readonly CallLimit[] = [];
  #quietUntil = 0;
  /** The calls that some limit still counts, in the order in which they began. */
  #begun: Begun[] = [];

  constructor(limits: readonly CallLimit[] = []) {
    this.limitTo(limits);
  }

  /** Does one call when there is room for it. @throws CancelledError at `signal`, before the call has begun. */
  async spend<T>(caller: Caller, kind: CallKind, call: () => Promise<T>): Promise<T> {
    for (;;) {
      // Whoever has to wait takes no place from those that need not: looks go on while creates wait.
      await this.#waitForRoom(caller, kind);
      const done = await this.#atOnce(async () => {
        if (caller.signal.aborted) throw new CancelledError();
        if (this.#waitMs(kind) > 0) return undefined;
        const begun: Begun = { kind, at: Date.now() };
        this.#begun.push(begun);
        try {
          return { value: await call() };
        } finally {
          begun.at = Date.now();
        }
      });
      if (done !== undefined) return done.value;
    }
  }

  /** Of several limits of one kind that are named for an account, the smallest counts. */
  limitTo(limits: readonly CallLimit[]): void {
    const isLike = (one: CallLimit, other: CallLimit): boolean =>
      one.counts === other.counts && one.windowMs === other.windowMs;
    const others = this.#limits.filter((one) => !limits.some((other) => isLike(one, other)));
    const named = limits.map((limit) => {
      const known = this.#limits.find((one) => isLike(one, limit));
      return known === undefined || limit.calls < known.calls ? limit : known;
    });
    this.#limits = [...others, ...named];
  }

  /** Nobody calls for this long. */
  keepQuiet(ms: number): void {
    this.#quietUntil = Math.max(this.#quietUntil, Date.now() + ms);
  }

  async #waitForRoom({ signal, progress }: Caller, kind: CallKind): Promise<void> {
    for (;;) {
      if (signal.aborted) throw new CancelledError();
      const waitMs = this.#waitMs(kind);
      if (waitMs <= 0) return;
      const seconds = Math.ceil(waitMs / 1000);
      progress(`waiting ${seconds} s before more calls: the cloud's rate limit`);
      await sleep(waitMs, undefined, { signal }).catch(() => {
        throw new CancelledError();
      });
    }
  }

  #waitMs(kind: CallKind): number {
    const now = Date.now();
    this.#forget(now);
    const waits = this.#limits
      .filter(({ counts }) => counts === "all" || counts === kind)
      .map(({ calls, windowMs, counts }) => {
        const counted = this.#begun
          .filter((begun) => counts === "all" || begun.kind === counts)
          .map(({ at }) => at + windowMs - now)
          .filter((leftMs) => leftMs > 0)
          .toSorted((one, other) => one - other);
        // So many have to be forgotten before there is room for one more.
        return counted[counted.length - calls] ?? 0;
      });
    return Math.max(this.#quietUntil - now, ...waits);
  }

  #forget(now: number): void {
    const longestMs = Math.max(0, ...this.#limits.map(({ windowMs }) => windowMs));
    const [oldest] = this.#begun;
    if (oldest !== undefined && oldest.at <= now - longestMs)
      this.#begun = this.#begun.filter(({ at }) => at > now - longestMs);
  }
}

const budgets = new Map<string, CallBudget>();

/** The process's one budget of an account. */
export function budgetOf(accountKey: string, limits: readonly CallLimit[]): CallBudget {
  const budget = budgets.get(accountKey) ?? new CallBudget();
  budgets.set(accountKey, budget);
  budget.limitTo(limits);
  return budget;
}
