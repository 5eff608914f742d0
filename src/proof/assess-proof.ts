import type { CheckResult } from "./check.ts";
import type { ServerProof } from "./proof.ts";

/** A proof in figures. */
export interface ProofAssessment {
  /** Every server was looked into, and no check of severity "error" failed. Nothing is proved by silence. */
  readonly ok: boolean;
  readonly passed: number;
  /** Failed checks of severity "error". */
  readonly failed: number;
  /** Failed checks of severity "warning". */
  readonly warnings: number;
  readonly skipped: number;
  /** Servers that could not be looked into, or not as a whole. */
  readonly errors: number;
}

/** Counts results; warnings do not make a proof fail. */
export function assessProof(servers: readonly ServerProof[]): ProofAssessment {
  const results = servers.flatMap(({ checks }) => checks);
  const count = (claim: (result: CheckResult) => boolean): number => results.filter(claim).length;
  const failed = count((result) => result.status === "failed" && result.severity === "error");
  const errors = servers.filter((server) => whyUnseen(server) !== undefined).length;
  return {
    ok: failed === 0 && errors === 0 && servers.length > 0,
    passed: count((result) => result.status === "passed"),
    failed,
    warnings: count((result) => result.status === "failed" && result.severity === "warning"),
    skipped: count((result) => result.status === "skipped"),
    errors,
  };
}

/** Why a server could not be looked into, or not as a whole; undefined where it was. */
export function whyUnseen({ checks, error }: ServerProof): string | undefined {
  if (error !== undefined) return `${error.code}: ${error.message}`;
  return checks.some(({ status }) => status !== "skipped") ? undefined : "nothing was looked at";
}
