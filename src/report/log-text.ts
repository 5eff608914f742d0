import { count, formatDuration } from "./duration.ts";
import { renderError, renderFailure } from "./error-text.ts";
import type { RunView } from "./run-view.ts";
import type { Span, Style } from "./style.ts";
import { renderShared } from "./shared-text.ts";
import { renderTable } from "./table.ts";
import { renderTimeline } from "./timeline.ts";
import { renderTool } from "./tool-text.ts";

interface LogOptions {
  readonly columns: number;
  readonly style: Style;
}

/** Past runs, the last one at the bottom. */
export function renderRunList(runs: readonly RunView[], options: LogOptions): readonly string[] {
  if (runs.length === 0) return ["No runs yet."];
  const rows = runs.map((run): readonly (string | Span)[] => [
    run.runId,
    run.command,
    outcomeOf(run),
    formatDuration((run.endedAt ?? run.lastAt) - run.startedAt),
    `${count(run.servers.length, "server")}, ${count(changesOf(run), "change")}`,
  ]);
  return renderTable(["RUN", "COMMAND", "OUTCOME", "TIME", "WHAT"], rows, options);
}

/** One run: its head, the time line, what failed. */
export function renderRun(run: RunView, options: LogOptions): readonly string[] {
  const { style } = options;
  const at = new Date(run.startedAt).toISOString().replace("T", " ").slice(0, 19);
  const failures = run.servers.flatMap((server) =>
    server.failure === undefined
      ? []
      : renderFailure({ ...server.failure, server: server.name }, style),
  );
  const warnings = run.notes.filter((note) => note.level === "warning");
  return [
    `${style(`bootmachine ${run.command}`, "strong")} ${run.stack}, ${at} UTC: ${outcomeOf(run).text}`,
    "",
    ...renderTimeline(run, options),
    ...renderTools(run, style),
    ...(failures.length === 0 ? [] : ["", ...failures]),
    ...run.errors.flatMap((error) => renderError(error, style)),
    ...run.shared.map(renderShared),
    ...warnings.map(
      (note) => `warning: ${note.server === undefined ? "" : `${note.server}: `}${note.text}`,
    ),
  ];
}

/** What the configuration-management tool said of each server. */
function renderTools({ servers }: RunView, style: Style): readonly string[] {
  const lines = servers.flatMap((server) => {
    const text = renderTool(server);
    return text === undefined ? [] : [`${style(server.name, "name")} ${text}`];
  });
  return lines.length === 0 ? [] : ["", ...lines];
}

function changesOf(run: RunView): number {
  return run.servers.reduce((sum, server) => sum + server.changes, 0);
}

const OUTCOMES: Readonly<Record<"ok" | "failed" | "cancelled", Span>> = {
  ok: { text: "ok", tone: "good" },
  failed: { text: "failed", tone: "bad" },
  cancelled: { text: "cancelled", tone: "warn" },
};

function outcomeOf(run: RunView): Span {
  return run.outcome === undefined ? { text: "cut off", tone: "warn" } : OUTCOMES[run.outcome];
}
