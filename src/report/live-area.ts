import { styledWidth } from "./fit-line.ts";

/** What the live area needs of a terminal. */
export interface TerminalStream {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

const HIDE_CURSOR = "\u001B[?25l";
const SHOW_CURSOR = "\u001B[?25h";
const ERASE_DOWN = "\u001B[0J";
/** Terminals that know it show the whole frame at once; the others ignore it. */
const BEGIN_FRAME = "\u001B[?2026h";
const END_FRAME = "\u001B[?2026l";

/**
 * Lines at the bottom of a terminal that are drawn again and again, with permanent lines above them.
 *
 * Written here, not taken from a package: after a resize, a terminal has broken the old lines anew, so the number
 * of rows to go up follows from their widths, which only the writer knows.
 */
export class LiveArea {
  private readonly stream: TerminalStream;
  /** Display widths of the lines drawn last. */
  private drawn: readonly number[] = [];
  private frame = "";
  private isCursorHidden = false;

  constructor(stream: TerminalStream) {
    this.stream = stream;
  }

  /** Replaces the area. The lines must fit the terminal; colours are allowed. */
  draw(lines: readonly string[]): void {
    const frame = lines.map((line) => `${line}\n`).join("");
    if (frame === this.frame) return;
    this.stream.write(`${BEGIN_FRAME}${this.hideCursor()}${this.erase()}${frame}${END_FRAME}`);
    this.frame = frame;
    this.drawn = lines.map(styledWidth);
  }

  /** Writes lines that stay, above the area. */
  print(lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.stream.write(
      `${BEGIN_FRAME}${this.erase()}${lines.map((line) => `${line}\n`).join("")}${this.frame}${END_FRAME}`,
    );
  }

  /** Forgets nothing, but makes the next `draw` write even an equal frame: the terminal's size has changed. */
  invalidate(): void {
    const rows = this.rowsDrawn();
    if (rows === 0) return;
    this.stream.write(this.erase());
    this.drawn = [];
    this.frame = "";
  }

  /** Takes the area away and shows the cursor again. */
  close(): void {
    this.stream.write(`${this.erase()}${this.isCursorHidden ? SHOW_CURSOR : ""}`);
    this.drawn = [];
    this.frame = "";
    this.isCursorHidden = false;
  }

  private hideCursor(): string {
    if (this.isCursorHidden) return "";
    this.isCursorHidden = true;
    return HIDE_CURSOR;
  }

  private erase(): string {
    const rows = this.rowsDrawn();
    return rows === 0 ? "" : `\u001B[${rows}F${ERASE_DOWN}`;
  }

  private rowsDrawn(): number {
    const columns = Math.max(1, this.stream.columns ?? 80);
    let rows = 0;
    for (const width of this.drawn) rows += Math.max(1, Math.ceil(width / columns));
    // More than the screen holds has scrolled away and cannot be reached.
    return Math.min(rows, Math.max(1, (this.stream.rows ?? 24) - 1));
  }
}
