import { holdsPrivateKey } from "./public-key.ts";

/** The line of a source with a mark under the column, and up to two lines around it. All numbers 1-based. */
export function renderCodeFrame(
  source: string,
  line: number,
  column: number | undefined,
): string[] {
  // A private key pasted by mistake must not be shown.
  if (holdsPrivateKey(source)) return [];
  const lines = source.replace(/\r?\n$/, "").split(/\r?\n/);
  const first = Math.max(1, line - 2);
  const last = Math.min(lines.length, line + 2);
  const width = String(last).length;
  const frame: string[] = [];
  for (let number = first; number <= last; number++) {
    const text = lines[number - 1] ?? "";
    const mark = number === line ? ">" : " ";
    frame.push(`${mark} ${String(number).padStart(width)} | ${text}`.trimEnd());
    if (number === line && column !== undefined) {
      // Tabs are kept, so that the caret stands under its character however wide they are shown.
      const indent = text.slice(0, column - 1).replace(/[^\t]/g, " ");
      frame.push(`  ${" ".repeat(width)} | ${indent}^`);
    }
  }
  return frame;
}
