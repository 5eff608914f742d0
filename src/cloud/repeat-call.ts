import { ProviderError, type RefusedError, type UserError } from "../errors/error.ts";
import { AnswerLostError } from "./answer-lost-error.ts";
import type { CallBudget } from "./call-budget.ts";
import { jittered, pause } from "./caller.ts";

/** What one attempt at a call came to. */
export type Attempt<T> =
  | { readonly kind: "answer"; readonly value: T }
  | { readonly kind: "fail"; readonly error: ProviderError | RefusedError | UserError }
  /** Surely not carried out. `retryAfterMs` where the cloud names a time. */
  | { readonly kind: "rate-limit"; readonly retryAfterMs: number | undefined }
  /** The token or key is not taken: surely not carried out. */
  | { readonly kind: "refused" }
  /** It may pass. `isSent`: for a call that changes something it is not known whether it did. */
  | {
      readonly kind: "broken";
      readonly isSent: boolean;
      readonly why: string;
      readonly error?: ProviderError;
    };

export interface CallToRepeat {
  /** The cloud's name, for people. */
  readonly cloud: string;
  /** What is done, after "to". */
  readonly what: string;
  /** Doing it twice does no harm. */
  readonly isRepeatable: boolean;
  /** The pause before the first repetition, ms; it doubles from one to the next. */
  readonly retryMs: number;
  readonly budget: CallBudget;
  readonly signal: AbortSignal;
}

const MAX_ATTEMPTS = 6;
/** A rate limit is not our failure: it is waited for longer than anything else. */
const MAX_RATE_LIMITS = 12;
/** A longer one is told instead of waited for. */
const MAX_QUIET_MS = 900_000;
/** Where the cloud names no time. */
const MAX_UNNAMED_QUIET_MS = 60_000;

/**
 * One call, with everything that may be repeated.
 *
 * - A rate limit is waited for, by all calls of this account.
 * - What may pass is repeated with growing pauses where a repetition does no harm, or nothing was sent.
 *
 * @throws AnswerLostError where the call may have been carried out and must not be repeated; what the attempts fail with.
 */
export async function repeatCall<T>(
  call: CallToRepeat,
  attempt: () => Promise<Attempt<T>>,
): Promise<T | "refused"> {
  const { what, isRepeatable, retryMs, signal } = call;
  let limits = 0;
  for (let attempts = 1; ;) {
    const outcome = await attempt();
    switch (outcome.kind) {
      case "answer":
        return outcome.value;
      case "refused":
        return outcome.kind;
      case "fail":
        throw outcome.error;
      case "rate-limit": {
        limits += 1;
        const growing = Math.min(retryMs * 2 ** limits, MAX_UNNAMED_QUIET_MS);
        const quietMs = outcome.retryAfterMs ?? growing;
        if (limits > MAX_RATE_LIMITS || quietMs > MAX_QUIET_MS) throw rateLimited(call, quietMs);
        call.budget.keepQuiet(quietMs);
        continue;
      }
      case "broken":
        if (outcome.isSent && !isRepeatable)
          throw new AnswerLostError(what, outcome.why, outcome.error?.cause);
        if (attempts === MAX_ATTEMPTS) throw outcome.error ?? broken(call, outcome.why);
    }
    await pause(jittered(retryMs * 2 ** (attempts - 1)), signal);
    attempts += 1;
  }
}

function broken({ cloud, what }: CallToRepeat, why: string): ProviderError {
  return new ProviderError("PROVIDER_UNAVAILABLE", `${cloud} failed to ${what}: ${why}.`);
}

function rateLimited({ cloud, what }: CallToRepeat, retryAfterMs: number): ProviderError {
  const seconds = Math.ceil(retryAfterMs / 1000);
  return new ProviderError(
    "PROVIDER_RATE_LIMIT",
    `${cloud} goes on refusing to ${what}: too many calls, and it asks to wait ${seconds} s.`,
    { retryAfterMs },
  );
}
