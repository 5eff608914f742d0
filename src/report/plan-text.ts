import type { ExpectedCalls } from "../providers/contract.ts";
import { renderDiff } from "./diff-lines.ts";
import { count } from "./duration.ts";
import { renderFailure } from "./error-text.ts";
import type { Note, RunView, ServerView } from "./run-view.ts";
import { renderShared } from "./shared-text.ts";
import type { Style } from "./style.ts";

/**
 * What `bootmachine plan` prints: for each server and phase what would change, with the diffs of files;
 * servers that are as wanted are counted, not listed.
 */
export function renderPlan(view: RunView, style: Style): readonly string[] {
  const lines = view.notes.filter(({ server }) => server === undefined).map(noteLine);
  lines.push(...view.shared.map(renderShared));
  if (lines.length > 0) lines.push("");
  const unchanged: string[] = [];
  for (const server of view.servers) {
    const block = renderServerPlan(view, server, style);
    if (block.length === 0) unchanged.push(server.name);
    else lines.push(style(server.name, "name"), ...block, "");
  }
  const changing = view.servers.length - unchanged.length;
  const failed = view.servers.filter((server) => server.state === "failed").length;
  const refused = view.servers.filter(({ failure }) => failure?.kind === "refused").length;
  if (unchanged.length > 0) lines.push(`As wanted: ${unchanged.join(", ")}`);
  const { expectedCalls } = view;
  if (expectedCalls !== undefined) lines.push(callsLine(expectedCalls));
  const refusedPart = refused === 0 ? "" : `, ${refused} refused`;
  const unseen = failed - refused;
  const failedPart = unseen === 0 ? "" : `, ${unseen} could not be looked at`;
  lines.push(
    `Plan: ${count(changing - failed, "server")} to change, ${unchanged.length} unchanged${refusedPart}${failedPart}. Nothing was changed.`,
  );
  return lines;
}

function noteLine({ level, text }: Note): string {
  return level === "warning" ? `warning: ${text}` : text;
}

function callsLine(expected: ExpectedCalls & { readonly provider: string }): string {
  const { provider, calls, perHour, writes } = expected;
  const limit = perHour === undefined ? "" : `, of ${perHour} in any hour`;
  const changing =
    writes === undefined
      ? ""
      : `, about ${writes.calls} of them to change something, of ${writes.perMinute} in any minute`;
  const takesHours = perHour !== undefined && calls > perHour;
  const waits = takesHours || (writes !== undefined && writes.calls > writes.perMinute);
  const wait = waits ? `: it will wait in between${takesHours ? ", and takes hours" : ""}` : "";
  return `Calls to ${provider}: about ${calls}${limit}${changing}${wait}.`;
}

function renderServerPlan(view: RunView, server: ServerView, style: Style): readonly string[] {
  const lines: string[] = [];
  for (const phase of view.phases) {
    const changed = server.changed.filter((resource) => resource.phase === phase);
    const seen = server.phases[phase];
    if (seen?.outcome !== "changed" && changed.length === 0) continue;
    if (changed.length === 0) {
      // Nothing was looked at: there is no host yet.
      const step = seen?.lastStep ?? "";
      lines.push(`  ${style(phase, "strong")}: ${step === "" ? "would do its work" : step}`);
      continue;
    }
    const number = Math.max(changed.length, seen?.changes ?? 0);
    lines.push(`  ${style(phase, "strong")}: ${count(number, "change")}`);
    for (const resource of changed) {
      const reason = resource.reason === undefined ? "" : ` (${resource.reason})`;
      const mark = resource.status === "failed" ? style("!", "bad") : style("~", "warn");
      lines.push(
        `    ${mark} ${resource.id}${reason}`,
        ...renderDiff(resource.diff, style, "        "),
        ...renderDiff(resource.output, style, "        "),
      );
    }
  }
  const notes = view.notes.filter((note) => note.server === server.name);
  lines.push(...notes.map((note) => `  ${noteLine(note)}`));
  if (server.failure !== undefined) {
    lines.push(
      ...renderFailure({ ...server.failure, server: server.name }, style).map(
        (line) => `  ${line}`,
      ),
    );
  }
  return lines;
}
