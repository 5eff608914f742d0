import type { CheckResult } from "./check.ts";

/** A proof in figures. */
export interface ProofAssessment {
  /** True where no check of severity "error" failed. */
  readonly ok: boolean;
  readonly passed: number;
  /** Failed checks of severity "error". */
  readonly failed: number;
  /** Failed checks of severity "warning". */
  readonly warnings: number;
  readonly skipped: number;
}

/** Counts results; warnings do not make a proof fail. */
export function assessProof(results: readonly CheckResult[]): ProofAssessment {
  const count = (claim: (result: CheckResult) => boolean): number => results.filter(claim).length;
  const failed = count((result) => result.status === "failed" && result.severity === "error");
  return {
    ok: failed === 0,
    passed: count((result) => result.status === "passed"),
    failed,
    warnings: count((result) => result.status === "failed" && result.severity === "warning"),
    skipped: count((result) => result.status === "skipped"),
  };
}
