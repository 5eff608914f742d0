import type { CheckResult } from "./check.ts";

/** The proof of one server. */
export interface ServerProof {
  readonly server: string;
  readonly checks: readonly CheckResult[];
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
