import type { CheckResult } from "./check.ts";
import { CHECKS, type CheckId } from "./checks.ts";
import { failed, skipped } from "./check-result.ts";

/** What must be so for anything else to be seen; that it could not be asked is a failure, not a gap. */
const FIRST_OF_ALL: ReadonlySet<CheckId> = new Set(["ssh-answers", "operator-login"]);

/** The inside checks of a host that nobody could look into. */
export function insideNotSeen(why: string): readonly CheckResult[] {
  return Object.values(CHECKS).flatMap((check) =>
    check.from === "inside" ? [skipped(check, `not seen: ${why}`)] : [],
  );
}

/** The outside checks of a server that has no address to ask, or none under a proven key. */
export function outsideNotSeen(why: string): readonly CheckResult[] {
  return Object.values(CHECKS).flatMap((check) => {
    if (check.from !== "outside") return [];
    return [
      FIRST_OF_ALL.has(check.id) ? failed(check, why, 0) : skipped(check, `not seen: ${why}`),
    ];
  });
}

/**
 * Where ssh is silent, silent ports show nothing: a machine that is down has them too. What was found open stays found.
 */
export function unlessDown(results: readonly CheckResult[]): readonly CheckResult[] {
  return results.map((result) =>
    result.status === "passed"
      ? {
          ...result,
          status: "skipped",
          detail: `not seen: ssh is silent, so the machine may be down (${result.detail})`,
        }
      : result,
  );
}
