import type { PhaseOutcome, Work } from "../fleet/events.ts";
import { displayWidth, padEnd, padStart } from "./display-width.ts";
import { count, formatDuration } from "./duration.ts";
import { fitLine } from "./fit-line.ts";
import { phaseWord, type RunView } from "./run-view.ts";
import type { Span, Style, Tone } from "./style.ts";

/** One phase of one server as a piece of a bar; times in milliseconds since the run's start. */
export interface TimelinePiece {
  readonly phase: Work;
  readonly fromMs: number;
  readonly toMs: number;
  /** Undefined: it had not ended when the journal did. */
  readonly outcome: PhaseOutcome | undefined;
}

export interface TimelineRow {
  readonly server: string;
  readonly pieces: readonly TimelinePiece[];
}

export interface Timeline {
  readonly rows: readonly TimelineRow[];
  /** Length of the whole run. */
  readonly totalMs: number;
}

/** The phases of every server in time; a run whose journal was cut off ends at its last event. */
export function timelineOf(view: RunView): Timeline {
  const end = view.endedAt ?? view.lastAt;
  const rows = view.servers.map((server): TimelineRow => ({
    server: server.name,
    pieces: view.phases.flatMap((phase): readonly TimelinePiece[] => {
      const seen = server.phases[phase];
      if (seen === undefined || seen.outcome === "skipped") return [];
      return [
        {
          phase,
          fromMs: seen.startedAt - view.startedAt,
          toMs: (seen.endedAt ?? end) - view.startedAt,
          outcome: seen.outcome,
        },
      ];
    }),
  }));
  return { rows, totalMs: Math.max(1, end - view.startedAt) };
}

/** Each phase's letter in a bar: its own first one; no two phases of a run share it. */
const LETTERS: Readonly<Record<Work, string>> = {
  boot: "b",
  trust: "t",
  prepare: "p",
  secure: "s",
  install: "i",
  enroll: "e",
  configure: "c",
  verify: "v",
  destroy: "d",
  reboot: "r",
};

const TONES: Readonly<Record<Work, Tone>> = {
  boot: "name",
  trust: "quiet",
  prepare: "good",
  secure: "warn",
  install: "name",
  enroll: "quiet",
  configure: "good",
  verify: "strong",
  destroy: "warn",
  reboot: "warn",
};

/** Narrower than this a bar says nothing, and the durations are given as text alone. */
const NARROWEST_BAR = 12;

/** Bars made of the phases' letters, with durations; never wider than `columns`. */
export function renderTimeline(
  view: RunView,
  options: { readonly columns: number; readonly style: Style },
): readonly string[] {
  const timeline = timelineOf(view);
  const columns = Math.min(options.columns, 160);
  const nameWidth = Math.min(
    24,
    Math.max(4, ...timeline.rows.map((row) => displayWidth(row.server))),
  );
  const barWidth = columns - nameWidth - 1 - 8 - 2;
  const lines: string[] = [];
  for (const row of timeline.rows) {
    const totalMs = row.pieces.reduce((sum, piece) => sum + piece.toMs - piece.fromMs, 0);
    const spans: Span[] = [
      { text: `${padEnd(row.server, nameWidth)} `, tone: "name" },
      ...(barWidth < NARROWEST_BAR
        ? []
        : [...barOf(row, timeline.totalMs, barWidth), { text: " " }]),
      { text: padStart(row.pieces.length === 0 ? "-" : formatDuration(totalMs), 8) },
    ];
    lines.push(fitLine(spans, columns, options.style).trimEnd());
    const texts = row.pieces.map(
      (piece) =>
        `${phaseWord(view, piece.phase)} ${formatDuration(piece.toMs - piece.fromMs)}${markOf(piece.outcome)}`,
    );
    lines.push(
      ...wrapWords(texts, columns - nameWidth - 1).map(
        (text) => `${" ".repeat(nameWidth + 1)}${options.style(text, "quiet")}`,
      ),
    );
  }
  const seen = view.phases.filter((phase) =>
    timeline.rows.some((row) => row.pieces.some((piece) => piece.phase === phase)),
  );
  if (seen.length > 0) {
    lines.push(
      "",
      ...wrapWords(
        [
          ...seen.map((phase) => `${LETTERS[phase]} ${phaseWord(view, phase)}`),
          "! failed",
          ". nothing",
        ],
        columns,
      ),
    );
  }
  lines.push(
    `${count(timeline.rows.length, "server")}, ${formatDuration(timeline.totalMs)} in all.`,
  );
  return lines;
}

function markOf(outcome: PhaseOutcome | undefined): string {
  switch (outcome) {
    case undefined:
      return " (cut off)";
    case "failed":
      return " FAILED";
    case "cancelled":
      return " cancelled";
    case "changed":
    case "unchanged":
    case "skipped":
      return "";
  }
}

/** A cell belongs to the phase that fills most of it; a short phase still gets one where it is alone. */
function barOf(row: TimelineRow, totalMs: number, width: number): readonly Span[] {
  const cells: (TimelinePiece | undefined)[] = Array.from({ length: width }, () => undefined);
  const cellMs = totalMs / width;
  for (const piece of row.pieces) {
    const from = Math.min(width - 1, Math.floor(piece.fromMs / cellMs));
    const to = Math.min(width, Math.max(from + 1, Math.round(piece.toMs / cellMs)));
    for (let cell = from; cell < to; cell += 1) cells[cell] = piece;
  }
  const spans: Span[] = [];
  for (const [index, piece] of cells.entries()) {
    const isFailedEnd = piece?.outcome === "failed" && cells[index + 1] !== piece;
    const span: Span =
      piece === undefined
        ? { text: ".", tone: "quiet" }
        : {
            text: isFailedEnd ? "!" : LETTERS[piece.phase],
            tone: piece.outcome === "failed" ? "bad" : TONES[piece.phase],
          };
    const last = spans.at(-1);
    if (last !== undefined && last.tone === span.tone)
      spans[spans.length - 1] = { ...last, text: last.text + span.text };
    else spans.push(span);
  }
  return spans;
}

/** Puts the pieces on lines of at most `width` columns, two blanks between them. */
function wrapWords(texts: readonly string[], width: number): readonly string[] {
  const lines: string[] = [];
  for (const text of texts) {
    const last = lines.at(-1);
    if (last !== undefined && displayWidth(last) + 2 + displayWidth(text) <= width)
      lines[lines.length - 1] = `${last}  ${text}`;
    else lines.push(text);
  }
  return lines;
}
