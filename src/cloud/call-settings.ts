import type { CallLimit } from "./call-limit.ts";

/** How the calls of an account are made. */
export interface CallSettings {
  /** Limit of one call, ms. */
  readonly callTimeoutMs: number;
  /** Empty: none is known. */
  readonly limits: readonly CallLimit[];
  /** The pause before the first repetition of a failed call, ms; it doubles from one to the next. */
  readonly retryMs: number;
}
