import { sanitize } from "./display-width.ts";
import type { Style } from "./style.ts";

/** Lines of a unified diff; the sign stays where the colour is lost. */
export function renderDiff(
  diff: readonly string[],
  style: Style,
  indent: string,
): readonly string[] {
  return diff.map((raw) => {
    const line = sanitize(raw);
    if (line.startsWith("+")) return `${indent}${style(line, "good")}`;
    if (line.startsWith("-")) return `${indent}${style(line, "bad")}`;
    if (line.startsWith("@@")) return `${indent}${style(line, "quiet")}`;
    return `${indent}${line}`;
  });
}
