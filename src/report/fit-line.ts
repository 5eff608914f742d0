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
