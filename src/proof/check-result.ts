import type { CheckDefinition, CheckResult } from "./check.ts";

interface Finding {
  /** What was seen, or why it was skipped. */
  readonly detail: string;
  readonly ms: number;
  readonly diff?: readonly string[];
}

function toResult(
  check: CheckDefinition,
  status: CheckResult["status"],
  { detail, ms, diff }: Finding,
): CheckResult {
  return {
    id: check.id,
    title: check.title,
    from: check.from,
    severity: check.severity,
    status,
    detail,
    reason: check.reason,
    ...(check.cis === undefined ? {} : { cis: check.cis }),
    ...(diff === undefined || diff.length === 0 ? {} : { diff }),
    ms: Math.max(0, Math.round(ms)),
  };
}

export function passed(check: CheckDefinition, detail: string, ms: number): CheckResult {
  return toResult(check, "passed", { detail, ms });
}

export function failed(
  check: CheckDefinition,
  detail: string,
  ms: number,
  diff?: readonly string[],
): CheckResult {
  return toResult(check, "failed", { detail, ms, ...(diff === undefined ? {} : { diff }) });
}

export function skipped(check: CheckDefinition, why: string, ms = 0): CheckResult {
  return toResult(check, "skipped", { detail: why, ms });
}
