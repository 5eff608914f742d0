import type { ErrorRecord, ProblemRecord } from "../errors/error.ts";
import { sanitize } from "./display-width.ts";
import type { Style } from "./style.ts";

/** Lines of a host's output that a failure shows. */
const SHOWN_OUTPUT_LINES = 12;

/** Lines of a configuration-management tool's own report. */
const SHOWN_REPORT_LINES = 24;

/**
 * An error for people: what happened, where, and what to do next.
 *
 * @param details what `--verbose` adds: the stack trace, causes included
 */
export function renderError(error: ErrorRecord, style: Style, details?: string): readonly string[] {
  const where = [error.server, error.phase].filter((part) => part !== undefined).join(", ");
  const lines = [
    `${style("error", "bad")} ${style(error.code, "strong")}${where === "" ? "" : ` on ${style(where, "name")}`}: ${sanitizeAll(error.message)}`,
  ];
  lines.push(...renderRemoteDetails(error, style));
  for (const problem of error.problems ?? []) lines.push(...renderProblem(problem, style));
  lines.push(`  ${style("next:", "strong")} ${sanitizeAll(error.hint)}`);
  if (details !== undefined)
    lines.push(...details.split("\n").map((line) => `  ${style(sanitize(line), "quiet")}`));
  return lines;
}

/** A failure of one server, as it stands above the live view and in the summary. */
export function renderFailure(error: ErrorRecord, style: Style): readonly string[] {
  const server = error.server ?? "the run";
  const phase = error.phase === undefined ? "" : ` in ${error.phase}`;
  return [
    `${style("FAILED", "bad")} ${style(server, "name")}${phase}: ${style(error.code, "strong")} ${sanitizeAll(error.message)}`,
    ...renderRemoteDetails(error, style),
    `  ${style("next:", "strong")} ${sanitizeAll(error.hint)}`,
  ];
}

function renderRemoteDetails(error: ErrorRecord, style: Style): readonly string[] {
  const lines: string[] = [];
  if (error.resource !== undefined) {
    const status = error.exitStatus === undefined ? "" : `, exit status ${error.exitStatus}`;
    lines.push(`  resource: ${sanitize(error.resource)}${status}`);
  } else if (error.exitStatus !== undefined) {
    lines.push(`  exit status: ${error.exitStatus}`);
  }
  const output = error.output ?? [];
  if (output.length > 0) {
    // A tool's report begins with what failed; a program's output ends with it.
    const isReport = error.code === "TOOL_FAILED";
    const shown = isReport
      ? output.slice(0, SHOWN_REPORT_LINES)
      : output.slice(-SHOWN_OUTPUT_LINES);
    const hidden = output.length - shown.length;
    const title = isReport ? "its own words:" : "its output:";
    lines.push(
      hidden > 0 && !isReport ? `  last ${shown.length} lines of its output:` : `  ${title}`,
      ...shown.map((line) => `  ${style("|", "quiet")} ${sanitize(line)}`),
    );
    if (hidden > 0 && isReport)
      lines.push(`  and ${hidden} more lines: \`bootmachine log --json\``);
  }
  return lines;
}

function renderProblem(problem: ProblemRecord, style: Style): readonly string[] {
  const line = problem.line === undefined ? "" : `:${problem.line}`;
  const column =
    problem.line === undefined || problem.column === undefined ? "" : `:${problem.column}`;
  const place =
    problem.file === undefined ? "" : `  ${style(`(${problem.file}${line}${column})`, "quiet")}`;
  const path = problem.path === "" ? "" : `${style(problem.path, "name")}: `;
  return [
    `  - ${path}${sanitizeAll(problem.message)}${place}`,
    ...(problem.hint === undefined ? [] : [`      ${sanitizeAll(problem.hint)}`]),
  ];
}

/** Keeps line breaks, which some messages have on purpose, and indents what follows one. */
function sanitizeAll(text: string): string {
  return text.split("\n").map(sanitize).join("\n  ");
}
