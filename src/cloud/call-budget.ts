import { setTimeout as sleep } from "node:timers/promises";

import pLimit, { type LimitFunction } from "p-limit";

import { CancelledError } from "../errors/error.ts";
import type { Caller } from "./caller.ts";

/** How many calls are under way at once for one account. */
const CALLS_AT_ONCE = 8;
const HOUR_MS = 3_600_000;

/**
 * What all calls of this process to one account share: how many are under way, how many there were in the last
 * hour, and the quiet that the cloud asked for. One server's rate limit is every server's.
 */
export class CallBudget {
  readonly #limit: LimitFunction = pLimit(CALLS_AT_ONCE);
  #perHour: number;
  #quietUntil = 0;
  /** When each call of the last hour began, oldest first. */
  readonly #begun: number[] = [];

  /** @param perHour Calls in any hour; Infinity where none is known. */
  constructor(perHour: number) {
    this.#perHour = perHour;
  }

  /** How many calls began in the last hour. */
  get used(): number {
    this.#forget();
    return this.#begun.length;
  }

  /** Does one call when there is room for it. @throws CancelledError at `signal`, before the call has begun. */
  async spend<T>({ signal, progress }: Caller, call: () => Promise<T>): Promise<T> {
    return await this.#limit(async () => {
      for (;;) {
        if (signal.aborted) throw new CancelledError();
        const waitMs = this.#waitMs();
        if (waitMs <= 0) break;
        const seconds = Math.ceil(waitMs / 1000);
        progress(`waiting ${seconds} s before more calls: the cloud's rate limit`);
        await sleep(waitMs, undefined, { signal }).catch(() => {
          throw new CancelledError();
        });
      }
      this.#begun.push(Date.now());
      return await call();
    });
  }

  /** Of several limits that are named for one account, the smallest counts. */
  limitTo(perHour: number): void {
    this.#perHour = Math.min(this.#perHour, perHour);
  }

  /** Nobody calls for this long. */
  keepQuiet(ms: number): void {
    this.#quietUntil = Math.max(this.#quietUntil, Date.now() + ms);
  }

  #waitMs(): number {
    const now = Date.now();
    const quiet = this.#quietUntil - now;
    if (this.used < this.#perHour) return quiet;
    return Math.max(quiet, (this.#begun[0] ?? now) + HOUR_MS - now);
  }

  #forget(): void {
    const hourAgo = Date.now() - HOUR_MS;
    const first = this.#begun.findIndex((at) => at > hourAgo);
    this.#begun.splice(0, first === -1 ? this.#begun.length : first);
  }
}

const budgets = new Map<string, CallBudget>();

/** The process's one budget of an account. */
export function budgetOf(accountKey: string, perHour: number): CallBudget {
  const budget = budgets.get(accountKey) ?? new CallBudget(perHour);
  budgets.set(accountKey, budget);
  budget.limitTo(perHour);
  return budget;
}
