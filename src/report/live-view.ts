import type { Work } from "../fleet/events.ts";
import { displayWidth, padEnd, padStart } from "./display-width.ts";
import { count, formatClock, formatDuration } from "./duration.ts";
import { fitLine } from "./fit-line.ts";
import {
  countStates,
  phaseTimes,
  phaseWord,
  slownessOf,
  type PhaseTimes,
  type RunView,
  type ServerView,
} from "./run-view.ts";
import type { Span, Style, Tone } from "./style.ts";
import { renderTool } from "./tool-text.ts";

export interface LiveViewOptions {
  readonly columns: number;
  readonly rows: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly style: Style;
}

type Line = readonly Span[];

/** Lines that are kept free below the view, for the cursor. */
const SPARE_ROWS = 1;

/**
 * What the terminal shows while a run is going on: never more lines than the terminal has rows, never a line
 * wider than its columns. A line for each server where they fit, else phases with counts, the slowest and the failed.
 */
export function renderLiveView(view: RunView, options: LiveViewOptions): readonly string[] {
  const room = Math.max(1, options.rows - SPARE_ROWS);
  const times = phaseTimes(view, options.now);
  const head = renderHead(view, options);
  const body =
    view.servers.length + head.length <= room
      ? renderServers(view, times, options)
      : renderGroups(view, times, options, room - head.length);
  return [...head, ...body]
    .slice(0, room)
    .map((line) => fitLine(line, options.columns, options.style));
}

function renderHead(view: RunView, options: LiveViewOptions): readonly Line[] {
  const clock = formatClock(options.now - view.startedAt);
  const title = [
    `bootmachine ${view.command}`,
    view.stack,
    count(view.servers.length, "server"),
  ].join("  ");
  const gap = Math.max(
    2,
    Math.min(options.columns, 100) - displayWidth(title) - displayWidth(clock),
  );
  const first: Line =
    displayWidth(title) + 2 + displayWidth(clock) <= options.columns
      ? [
          { text: title, tone: "strong" },
          { text: " ".repeat(gap) },
          { text: clock, tone: "strong" },
        ]
      : [
          { text: `${clock} `, tone: "strong" },
          { text: title, tone: "strong" },
        ];
  const lines: Line[] = [first, renderProgress(view, options.columns)];
  if (view.isCancelling) {
    lines.push([
      {
        text: "cancelling: finishing the step in hand; Ctrl-C again to stop at once",
        tone: "warn",
      },
    ]);
  }
  return lines;
}

/** How many servers have each phase behind them; shortened until it fits. */
function renderProgress(view: RunView, columns: number): Line {
  const total = view.servers.length;
  const seen = view.phases.filter((phase) => isShown(view, phase));
  const done = new Map(
    seen.map((phase) => [phase, view.servers.filter((server) => hasEnded(server, phase)).length]),
  );
  const forms = [
    seen.map((phase) => `${phaseWord(view, phase)} ${done.get(phase)}/${total}`).join("  "),
    seen.map((phase) => `${phaseWord(view, phase)} ${done.get(phase)}`).join("  "),
    seen.map((phase) => `${phaseWord(view, phase).slice(0, 1)}${done.get(phase)}`).join(" "),
  ];
  return [
    {
      text: forms.find((form) => displayWidth(form) <= columns) ?? forms.at(-1) ?? "",
      tone: "quiet",
    },
  ];
}

/** The configuration-management tool's phases are shown once one of them has work: most are skipped at once. */
function isShown(view: RunView, phase: Work): boolean {
  if (phase !== "install" && phase !== "enroll" && phase !== "configure") return true;
  if (view.phases.length === 1) return true;
  return view.servers.some((server) => {
    const seen = server.phases[phase];
    if (seen?.outcome === undefined) return server.phase === phase && server.step !== "";
    return seen.outcome !== "skipped";
  });
}

function hasEnded(server: ServerView, phase: Work): boolean {
  const seen = server.phases[phase];
  return seen?.endedAt !== undefined && seen.outcome !== "failed" && seen.outcome !== "cancelled";
}

function renderServers(
  view: RunView,
  times: PhaseTimes,
  options: LiveViewOptions,
): readonly Line[] {
  const nameWidth = Math.min(
    24,
    Math.max(...view.servers.map((server) => displayWidth(server.name)), 4),
  );
  return view.servers.map((server) => renderServer(view, server, times, nameWidth, options));
}

/** Name, phase or state, how long, what it is doing now. The time stands before the text, so that it is never cut off. */
function renderServer(
  view: RunView,
  server: ServerView,
  times: PhaseTimes,
  nameWidth: number,
  options: LiveViewOptions,
): Line {
  const slow = slownessOf(server, times, options.now);
  const word = wordOf(view, server);
  return [
    { text: `${padEnd(server.name, nameWidth)} `, tone: "name" },
    { text: padEnd(word.text, 9), tone: word.tone },
    { text: ` ${padStart(elapsedOf(server, options.now), 7)}  ` },
    ...(slow === undefined ? [] : [{ text: `SLOW ${slow.toFixed(0)}x  `, tone: "warn" as const }]),
    { text: textOf(server) },
  ];
}

function wordOf(view: RunView, server: ServerView): { readonly text: string; readonly tone: Tone } {
  switch (server.state) {
    case "waiting":
      return { text: "waiting", tone: "quiet" };
    case "working":
      return {
        text: server.phase === undefined ? "working" : phaseWord(view, server.phase),
        tone: "strong",
      };
    case "done":
      return { text: "done", tone: "good" };
    case "failed":
      return { text: "FAILED", tone: "bad" };
    case "cancelled":
      return { text: "cancelled", tone: "warn" };
  }
}

function elapsedOf(server: ServerView, now: number): string {
  if (server.state === "working" && server.phase !== undefined) {
    const phase = server.phases[server.phase];
    return phase === undefined ? "" : formatDuration(now - phase.startedAt);
  }
  const seen = Object.values(server.phases);
  if (seen.length === 0) return "";
  const from = Math.min(...seen.map((phase) => phase.startedAt));
  const to = Math.max(...seen.map((phase) => phase.endedAt ?? now));
  return formatDuration(to - from);
}

function textOf(server: ServerView): string {
  if (server.state === "done") {
    return [
      server.changes === 0 ? "nothing to change" : count(server.changes, "change"),
      renderTool(server),
      server.address,
    ]
      .filter((part) => part !== undefined)
      .join(", ");
  }
  if (server.failure !== undefined) {
    const what = server.failure.resource ?? server.failure.message.split("\n")[0] ?? "";
    const status =
      server.failure.exitStatus === undefined ? "" : `, exit status ${server.failure.exitStatus}`;
    return `${server.phase ?? ""}: ${what}${status}`;
  }
  return server.step;
}

/** In the order of their line; the first ones are what a narrow terminal still shows. */
const STATES: readonly { readonly state: ServerView["state"]; readonly tone: Tone }[] = [
  { state: "done", tone: "good" },
  { state: "failed", tone: "bad" },
  { state: "working", tone: "strong" },
  { state: "waiting", tone: "quiet" },
  { state: "cancelled", tone: "warn" },
];

/** For more servers than lines: states, phases, the slowest, the failed; what is most wanted gets room first. */
function renderGroups(
  view: RunView,
  times: PhaseTimes,
  options: LiveViewOptions,
  room: number,
): readonly Line[] {
  const states = countStates(view);
  const counts = STATES.filter(({ state }) => state === "done" || states[state] > 0).flatMap(
    ({ state, tone }, index): Span[] => [
      { text: index === 0 ? "" : "  " },
      { text: `${state} ${states[state]}`, tone },
    ],
  );
  const phases = view.phases
    .map((phase) => ({ phase, now: view.servers.filter((server) => isIn(server, phase)).length }))
    .filter((group) => group.now > 0)
    .map((group): Line => {
      const sorted = times[group.phase] ?? [];
      const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
      return [
        { text: `  ${padEnd(phaseWord(view, group.phase), 9)} `, tone: "strong" },
        { text: `${padStart(count(group.now, "server"), 12)}  median ${formatDuration(median)}` },
      ];
    });
  const failed = view.servers.filter((server) => server.state === "failed");
  const slowest = view.servers
    .filter((server) => server.state === "working" && server.phase !== undefined)
    .toSorted((a, b) => phaseStart(a) - phaseStart(b));

  let left = room - 1 - phases.length;
  const failedShown = Math.min(
    failed.length,
    Math.max(0, Math.min(Math.floor((left - 1) / 2), 10)),
  );
  const failedRows = failed.length === 0 || left < 2 ? 0 : 1 + Math.max(1, failedShown);
  left -= failedRows;
  const slowRows = Math.min(slowest.length, Math.max(0, Math.min(left - 1, 12)));
  const names = [...failed.slice(0, failedRows), ...slowest.slice(0, slowRows)].map((server) =>
    displayWidth(server.name),
  );
  const nameWidth = Math.min(24, Math.max(4, ...names));
  const lineOf = (server: ServerView): Line => [
    { text: "  " },
    ...renderServer(view, server, times, nameWidth, options),
  ];
  const lines: Line[] = [counts, ...phases];
  if (slowRows > 0)
    lines.push(
      [{ text: "longest in their phase", tone: "quiet" }],
      ...slowest.slice(0, slowRows).map(lineOf),
    );
  if (failedRows > 0) {
    const hidden = failed.length - (failedRows - 1);
    const title = hidden > 0 ? `failed (${hidden} more above)` : "failed";
    // The last ones: the earlier failures were printed above the view as they happened.
    lines.push([{ text: title, tone: "bad" }], ...failed.slice(-(failedRows - 1)).map(lineOf));
  }
  return lines;
}

function isIn(server: ServerView, phase: Work): boolean {
  return server.state === "working" && server.phase === phase;
}

function phaseStart(server: ServerView): number {
  return server.phase === undefined
    ? Infinity
    : (server.phases[server.phase]?.startedAt ?? Infinity);
}
