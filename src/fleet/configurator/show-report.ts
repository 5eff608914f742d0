import type { MemberReport, ToolChange } from "../../configurators/contract.ts";
import { RemoteError } from "../../errors/error.ts";
import type { ServerRun } from "../server-run.ts";

/** How much of a failure an error carries, in lines. */
const FAILURE_LINES = 50;

/**
 * Shows what the tool did to the server, each thing as a resource of the phase.
 *
 * @returns how many things were changed
 * @throws RemoteError TOOL_FAILED, with the tool's own words
 */
export function showReport(run: ServerRun, tool: string, report: MemberReport): number {
  for (const change of report.changes) {
    run.emit({
      type: "resource",
      server: run.server.name,
      phase: run.phase,
      id: change.id,
      tool,
      status: change.status,
      ms: change.ms ?? 0,
      ...(change.reason === undefined || change.status === "failed"
        ? {}
        : { reason: change.reason }),
      ...(change.status === "failed" ? { output: linesOf(change) } : {}),
      ...(change.diff === undefined ? {} : { diff: change.diff }),
    });
  }
  const changes = report.changes.filter(({ status }) => status === "changed").length;
  const failed = report.changes.filter(({ status }) => status === "failed");
  if (report.failure !== undefined || report.retry !== undefined || failed.length > 0) {
    // What was changed before it failed was changed all the same.
    run.changes += changes;
    throw toolFailed(run, tool, report, failed);
  }
  return changes;
}

function toolFailed(
  run: ServerRun,
  tool: string,
  report: MemberReport,
  failed: readonly ToolChange[],
): RemoteError {
  const why = report.failure ?? report.retry;
  const what =
    failed.length === 0
      ? `${tool} failed`
      : `${tool} failed at ${failed.length} of ${report.changes.length} things`;
  return new RemoteError("TOOL_FAILED", `${what} on ${run.server.name}.`, {
    output: [
      ...(why === undefined ? [] : why.split("\n")),
      ...failed.flatMap((change) => [
        `${change.id}:`,
        ...linesOf(change).map((line) => `  ${line}`),
      ]),
    ].slice(0, FAILURE_LINES),
  });
}

function linesOf(change: ToolChange): readonly string[] {
  return (change.reason ?? "no reason given").trimEnd().split("\n");
}
