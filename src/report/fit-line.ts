import { displayWidth, truncate } from "./display-width.ts";
import type { Span, Style } from "./style.ts";

/** One line of at most `columns` columns: cut by display width first, styled afterwards. */
export function fitLine(spans: readonly Span[], columns: number, style: Style): string {
  let room = columns;
  let line = "";
  for (const span of spans) {
    if (room <= 0) break;
    const text = truncate(span.text, room);
    room -= displayWidth(text);
    line += span.tone === undefined ? text : style(text, span.tone);
    if (text !== span.text) break;
  }
  return line;
}

/** The width of a line that may hold colours. */
export function styledWidth(line: string): number {
  return displayWidth(line.replaceAll(/\u001B\[[0-9;]*m/g, ""));
}

/**
 * A line as several of at most `columns` columns, broken between words; what follows is indented two columns more
 * than the line itself. A word that is too long by itself is left to the terminal.
 */
export function wrapLine(line: string, columns: number): readonly string[] {
  if (styledWidth(line) <= columns) return [line];
  const indent = " ".repeat(
    Math.min((/^ */.exec(line)?.[0].length ?? 0) + 2, Math.floor(columns / 2)),
  );
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(/(?<=\S) /)) {
    const longer = current === "" ? word : `${current} ${word}`;
    if (current === "" || styledWidth(longer) <= columns) current = longer;
    else {
      lines.push(current);
      current = `${indent}${word}`;
    }
  }
  return [...lines, current];
}
