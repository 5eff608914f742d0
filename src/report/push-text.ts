import type { ServerSummary } from "../fleet/events.ts";
import type { PushedTree } from "../fleet/fleet-contract.ts";
import { sanitize } from "./display-width.ts";
import { count } from "./duration.ts";
import type { Style } from "./style.ts";

/** Paths shown of one tree, unless all are asked for. */
const SHOWN_PATHS = 10;

/**
 * What `configurator push` brought where, file by file.
 *
 * @param servers how they came out of it; their failures were shown as they happened
 */
export function renderPushed(
  pushed: readonly PushedTree[],
  servers: readonly ServerSummary[],
  options: { readonly style: Style; readonly showAll: boolean },
): readonly string[] {
  const { style } = options;
  const failed = servers.filter(({ outcome }) => outcome === "failed" || outcome === "cancelled");
  const changes = pushed.reduce(
    (sum, { changed, removed }) => sum + changed.length + removed.length,
    0,
  );
  const lines = pushed.flatMap((tree) => renderTree(tree, options));
  if (failed.length > 0) {
    const names = failed.map(({ server }) => server).join(", ");
    return [...lines, `${style("Failed", "bad")}: not everything is in place on ${names}.`];
  }
  if (pushed.length === 0) return ["The tool has no tree of yours: there is nothing to push."];
  if (changes === 0) return [...lines, `${style("Everything is in place", "good")}.`];
  return [
    ...lines,
    `${style("Done", "good")}: ${count(changes, "file")} changed. \`bootmachine configurator run\` runs the tool.`,
  ];
}

function renderTree(
  { tree, server, changed, removed }: PushedTree,
  { style, showAll }: { readonly style: Style; readonly showAll: boolean },
): readonly string[] {
  const head = `  ${style(server, "name")}  ${tree}: `;
  if (changed.length + removed.length === 0) return [`${head}in place`];
  const paths = [
    ...changed.map((path) => style(`+ ${sanitize(path)}`, "good")),
    ...removed.map((path) => style(`- ${sanitize(path)}`, "bad")),
  ];
  const shown = showAll ? paths : paths.slice(0, SHOWN_PATHS);
  const hidden = paths.length - shown.length;
  return [
    `${head}${count(changed.length, "file")} written, ${removed.length} removed`,
    ...shown.map((path) => `    ${path}`),
    ...(hidden === 0 ? [] : [`    and ${hidden} more (--verbose shows all)`]),
  ];
}
