import type { Work } from "../fleet/events.ts";
import { sanitize } from "./display-width.ts";
import { count, formatDuration } from "./duration.ts";
import type { RunView, ServerView } from "./run-view.ts";
import { renderToolCounts, toolOf } from "./tool-text.ts";
import { timelineOf, type TimelinePiece } from "./timeline.ts";

/** Colours with enough contrast against the letters on them, in light and dark; the letter says the phase, not the colour. */
const COLORS: Readonly<Record<Work, string>> = {
  boot: "#1d4ed8",
  trust: "#6b21a8",
  prepare: "#166534",
  secure: "#9a3412",
  install: "#155e75",
  enroll: "#86198f",
  configure: "#3f6212",
  verify: "#374151",
  destroy: "#991b1b",
  reboot: "#92400e",
};

const STYLE = `
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 0 0 2rem; }
caption { text-align: left; font-weight: 600; font-size: 1.25rem; padding: 0.5rem 0; }
th, td { text-align: left; padding: 0.25rem 0.75rem 0.25rem 0; vertical-align: top; border-bottom: 1px solid #8884; }
td.bar { width: 60%; padding: 0.4rem 0; }
.track { position: relative; height: 1.6rem; background: #8882; }
.piece { position: absolute; top: 0; bottom: 0; overflow: hidden; color: #fff; font-size: 0.8rem; line-height: 1.6rem; padding: 0 0.25rem; box-sizing: border-box; border-right: 1px solid #fff; white-space: nowrap; }
.failed { outline: 3px solid #dc2626; outline-offset: -3px; }
pre { background: #8882; padding: 0.75rem; overflow-x: auto; }
.word { font-weight: 600; }
`;

/** One run as a page of its own: nothing is loaded from anywhere, and all that a bar shows stands in the tables as text. */
export function renderHtml(view: RunView): string {
  const title = `bootmachine ${view.command} ${view.stack}`;
  const at = new Date(view.startedAt).toISOString();
  const total = formatDuration((view.endedAt ?? view.lastAt) - view.startedAt);
  return [
    "<!doctype html>",
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">`,
    `<title>${escape(title)}</title><style>${STYLE}</style></head><body>`,
    `<main><h1>${escape(title)}</h1>`,
    `<p>Began <time datetime="${at}">${at}</time>, took ${escape(total)}. Outcome: <span class="word">${escape(view.outcome ?? "cut off")}</span>. ${escape(count(view.servers.length, "server"))}, bootmachine ${escape(view.version)}.</p>`,
    renderBars(view),
    renderServers(view),
    ...view.errors.map(
      (error) =>
        `<section><h2>Error ${escape(error.code)}</h2><p>${escape(error.message)}</p><p>${escape(error.hint)}</p></section>`,
    ),
    ...view.servers.map((server) => renderFailure(server)),
    renderProof(view),
    renderChanges(view),
    "</main></body></html>",
    "",
  ].join("\n");
}

function renderBars(view: RunView): string {
  const timeline = timelineOf(view);
  const rows = timeline.rows.map((row) => {
    const pieces = row.pieces.map((piece) => renderPiece(piece, timeline.totalMs)).join("");
    const words = row.pieces
      .map(
        (piece) =>
          `${piece.phase} ${formatDuration(piece.toMs - piece.fromMs)} (${piece.outcome ?? "cut off"})`,
      )
      .join(", ");
    return `<tr><th scope="row">${escape(row.server)}</th><td class="bar"><div class="track" aria-hidden="true">${pieces}</div></td><td>${escape(words === "" ? "nothing" : words)}</td></tr>`;
  });
  return table("Time line", ["Server", "Phases in time", "Phases"], rows);
}

function renderPiece(piece: TimelinePiece, totalMs: number): string {
  const left = ((piece.fromMs / totalMs) * 100).toFixed(2);
  const width = Math.max(0.3, ((piece.toMs - piece.fromMs) / totalMs) * 100).toFixed(2);
  const failed = piece.outcome === "failed" ? " failed" : "";
  return `<span class="piece${failed}" style="left:${left}%;width:${width}%;background:${COLORS[piece.phase]}" title="${piece.phase} ${formatDuration(piece.toMs - piece.fromMs)}">${piece.phase}</span>`;
}

function renderServers(view: RunView): string {
  const tool = toolOf(view.servers);
  const rows = view.servers.map((server) => {
    const summary = view.summary.find((one) => one.server === server.name);
    const cells = [
      summary?.outcome ?? server.state,
      String(server.changes),
      server.address ?? "-",
      server.proof ?? "-",
      server.fingerprints.join(" ") || "-",
      ...(tool === undefined
        ? []
        : [server.tool === undefined ? "-" : renderToolCounts(server.tool)]),
    ];
    return `<tr><th scope="row">${escape(server.name)}</th>${cells.map((cell) => `<td>${escape(cell)}</td>`).join("")}</tr>`;
  });
  return table(
    "Servers",
    [
      "Server",
      "Outcome",
      "Changes",
      "Login",
      "Key proven by",
      "Host keys",
      ...(tool === undefined ? [] : [escape(tool)]),
    ],
    rows,
  );
}

function renderFailure(server: ServerView): string {
  const { failure } = server;
  if (failure === undefined) return "";
  const output =
    failure.output === undefined ? "" : `<pre>${escape(failure.output.join("\n"))}</pre>`;
  const resource =
    failure.resource === undefined
      ? ""
      : `<p>Resource: ${escape(failure.resource)}${failure.exitStatus === undefined ? "" : `, exit status ${failure.exitStatus}`}</p>`;
  return `<section><h2>Failed: ${escape(server.name)}${failure.phase === undefined ? "" : ` in ${escape(failure.phase)}`}</h2><p><span class="word">${escape(failure.code)}</span> ${escape(failure.message)}</p>${resource}${output}<p>Next: ${escape(failure.hint)}</p></section>`;
}

function renderProof(view: RunView): string {
  const rows = view.servers.flatMap((server) =>
    server.checks.map(
      (check) =>
        `<tr><th scope="row">${escape(server.name)}</th><td>${escape(check.id)}</td><td><span class="word">${check.status}</span></td><td>${check.from}</td><td>${escape(check.detail)}</td><td>${escape(check.reason)}${check.cis === undefined ? "" : ` (${escape(check.cis)})`}</td></tr>`,
    ),
  );
  return rows.length === 0
    ? ""
    : table(
        "Proof",
        ["Server", "Check", "Result", "Seen from", "What was seen", "Why it matters"],
        rows,
      );
}

function renderChanges(view: RunView): string {
  const rows = view.servers.flatMap((server) =>
    server.changed.map(
      (resource) =>
        `<tr><th scope="row">${escape(server.name)}</th><td>${resource.phase}</td><td>${escape(resource.id)}</td><td>${resource.status}${resource.diff.length === 0 ? "" : `<pre>${escape(resource.diff.join("\n"))}</pre>`}</td></tr>`,
    ),
  );
  return rows.length === 0 ? "" : table("Changes", ["Server", "Phase", "Resource", "What"], rows);
}

function table(caption: string, head: readonly string[], rows: readonly string[]): string {
  const cells = head.map((title) => `<th scope="col">${title}</th>`).join("");
  return `<table><caption>${caption}</caption><thead><tr>${cells}</tr></thead><tbody>\n${rows.join("\n")}\n</tbody></table>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escape(text: string): string {
  return text
    .split("\n")
    .map(sanitize)
    .join("\n")
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
