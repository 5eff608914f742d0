import { displayWidth, padEnd, truncate } from "./display-width.ts";
import { fitLine } from "./fit-line.ts";
import type { Span, Style } from "./style.ts";

/**
 * Aligned columns under a head. The last column takes what room is left and is cut there.
 *
 * @param columns the width of the terminal; Infinity in a pipe, where nothing is cut
 */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly (string | Span)[])[],
  options: { readonly columns: number; readonly style: Style },
): readonly string[] {
  const cells = rows.map((row) =>
    row.map((cell) => (typeof cell === "string" ? { text: cell } : cell)),
  );
  const widths = head.map((title, index) =>
    Math.max(displayWidth(title), ...cells.map((row) => displayWidth(row[index]?.text ?? ""))),
  );
  const renderRow = (row: readonly Span[]): string =>
    fitLine(
      row.flatMap((cell, index): Span[] => {
        const isLast = index === row.length - 1;
        const text = isLast
          ? cell.text
          : padEnd(truncate(cell.text, 60), Math.min(widths[index] ?? 0, 60));
        const gap: Span = { text: isLast ? "" : "  " };
        return [cell.tone === undefined ? { text } : { text, tone: cell.tone }, gap];
      }),
      options.columns,
      options.style,
    ).trimEnd();
  return [
    renderRow(head.map((text) => ({ text, tone: "quiet" as const }))),
    ...cells.map(renderRow),
  ];
}
