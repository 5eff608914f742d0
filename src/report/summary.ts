import type { ServerSummary } from "../fleet/events.ts";
import { count, formatDuration } from "./duration.ts";
import { renderError, renderFailure } from "./error-text.ts";
import type { RunView } from "./run-view.ts";
import type { Span, Style } from "./style.ts";
import { renderTable } from "./table.ts";
import { renderToolCounts, toolOf } from "./tool-text.ts";

export interface SummaryOptions {
  readonly style: Style;
  /** Infinity in a pipe. */
  readonly columns: number;
  /** The product file, as a path that works from the user's directory; undefined: no hint about logging in. */
  readonly sshConfigFile: string | undefined;
  /** True where the failures were not shown before (a terminal that shows nothing else). */
  readonly showFailures: boolean;
  /** What the user types to call this program. Default: "bootmachine". */
  readonly program?: string;
  /** What the next commands need besides: " --rehearse". Default: nothing. */
  readonly flag?: string;
}

/** More servers than this are not listed one by one when all went well. */
const LISTED_SERVERS = 40;

/** What stands at the end of a run: the outcome of each server, and what to do next. */
export function renderSummary(view: RunView, options: SummaryOptions): readonly string[] {
  const { style } = options;
  const servers = view.summary;
  const failed = servers.filter((server) => server.outcome === "failed");
  const cancelled = servers.filter((server) => server.outcome === "cancelled");
  const changes = servers.reduce((sum, server) => sum + server.changes, view.shared.length);
  const time = formatDuration((view.endedAt ?? view.lastAt) - view.startedAt);
  const failedChecks = servers.reduce((sum, server) => sum + server.failedChecks, 0);
  const tool = toolOf(view.servers);

  const isSeen = servers.every(({ outcome }) => outcome !== "skipped");
  if (
    isSeen &&
    view.outcome === "ok" &&
    changes === 0 &&
    failedChecks === 0 &&
    isBringingUp(view.command)
  ) {
    const what = tool === undefined ? "nothing to change" : `${tool} ran and changed nothing`;
    return [
      `${style("Everything is in place", "good")}: ${view.stack}, ${count(servers.length, "server")}, ${what} (${time}).`,
    ];
  }
  const lines: string[] = [""];
  if (options.showFailures)
    lines.push(...failed.flatMap((server) => renderFailureOf(server, style)));
  const listed = servers.length <= LISTED_SERVERS ? servers : [...failed, ...cancelled];
  if (listed.length > 0) {
    lines.push(
      ...renderTable(
        [
          "SERVER",
          "OUTCOME",
          "CHANGES",
          "TIME",
          ...(tool === undefined ? [] : [tool.toUpperCase()]),
          "LOGIN",
        ],
        listed.map((server) => [
          { text: server.server, tone: "name" },
          outcomeCell(server),
          String(server.changes),
          formatDuration(server.ms),
          ...(tool === undefined ? [] : [toolCell(view, server)]),
          loginOf(server),
        ]),
        { columns: options.columns, style },
      ),
      "",
    );
  }
  lines.push(...view.errors.flatMap((error) => renderError(error, style)));
  lines.push(
    renderVerdict(
      view,
      { failed: failed.length, cancelled: cancelled.length, changes, time, failedChecks },
      style,
    ),
  );
  lines.push(...renderNextSteps(view, failed, options));
  return lines;
}

const BRINGING_UP: ReadonlySet<string> = new Set([
  "up",
  "boot",
  "bootstrap",
  "secure",
  "configure",
  "configurator accept",
  "configurator run",
]);

function isBringingUp(command: string): boolean {
  return BRINGING_UP.has(command);
}

function outcomeCell(server: ServerSummary): Span {
  switch (server.outcome) {
    case "failed":
      return {
        text: server.failedPhase === undefined ? "FAILED" : `FAILED in ${server.failedPhase}`,
        tone: "bad",
      };
    case "cancelled":
      return { text: "cancelled", tone: "warn" };
    case "changed":
      return { text: "changed", tone: "good" };
    case "unchanged":
      return { text: "in place", tone: "good" };
    case "skipped":
      return { text: "not looked at", tone: "quiet" };
  }
}

function toolCell(view: RunView, { server }: ServerSummary): Span {
  const tool = view.servers.find(({ name }) => name === server)?.tool;
  if (tool === undefined) return { text: "-", tone: "quiet" };
  return { text: renderToolCounts(tool), tone: tool.failed > 0 ? "bad" : "good" };
}

function loginOf(server: ServerSummary): string {
  if (server.address === undefined) return "-";
  const user = server.user === undefined ? "" : `${server.user}@`;
  const host = server.address.includes(":") ? `[${server.address}]` : server.address;
  return `${user}${host}${server.port === undefined ? "" : `:${server.port}`}`;
}

function renderFailureOf(server: ServerSummary, style: Style): readonly string[] {
  if (server.error === undefined) return [];
  return [...renderFailure({ ...server.error, server: server.server }, style), ""];
}

function renderVerdict(
  view: RunView,
  totals: {
    readonly failed: number;
    readonly cancelled: number;
    readonly changes: number;
    readonly time: string;
    readonly failedChecks: number;
  },
  style: Style,
): string {
  const parts = [
    count(view.summary.length, "server"),
    count(totals.changes, "change"),
    totals.time,
  ];
  if (totals.failedChecks > 0) parts.splice(1, 0, `${count(totals.failedChecks, "check")} failed`);
  if (totals.failed > 0) parts.splice(1, 0, `${totals.failed} failed`);
  const word =
    view.outcome === "ok"
      ? style("Done", "good")
      : view.outcome === "cancelled"
        ? style("Cancelled", "warn")
        : style("Failed", "bad");
  return `${word}: ${view.command} ${view.stack}, ${parts.join(", ")}.`;
}

function renderNextSteps(
  view: RunView,
  failed: readonly ServerSummary[],
  options: SummaryOptions,
): readonly string[] {
  const { flag = "", program = "bootmachine" } = options;
  if (view.outcome === "cancelled") {
    return [
      `What was done is kept. \`${program} ${view.command}${flag}\` goes on where it stopped.`,
    ];
  }
  if (failed.length > 0) {
    const others = failed.length < view.summary.length ? "The other servers went on. " : "";
    return [
      `${others}Mend the cause, then \`${program} ${view.command}${flag}\` goes on where it stopped.`,
    ];
  }
  const first = view.summary.find((server) => server.address !== undefined);
  if (first === undefined || !isBringingUp(view.command) || options.sshConfigFile === undefined)
    return [];
  const file = quoteWord(options.sshConfigFile);
  return [
    "",
    `Log in:     ${program} ssh ${first.server}${flag}`,
    `        or  ssh -F ${file} ${first.server}`,
    `Take down:  ${program} destroy${flag}`,
  ];
}

function quoteWord(text: string): string {
  return /^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
