import type { ErrorRecord } from "../errors/error.ts";
import type { CheckResult } from "./check.ts";

/** The proof of one server. */
export interface ServerProof {
  readonly server: string;
  /** Empty where the run ended before it came to the server. */
  readonly checks: readonly CheckResult[];
  /** Why the proof could not be made, or not as a whole; a failed check is no such reason. */
  readonly error?: ErrorRecord;
}

/** The proof of a stack: what the formats are made from. */
export interface Proof {
  readonly stack: string;
  /** Version of bootmachine. */
  readonly version: string;
  /** When it was made, ISO 8601. */
  readonly at: string;
  /** In the order of the config. */
  readonly servers: readonly ServerProof[];
}
