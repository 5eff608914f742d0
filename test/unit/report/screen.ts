/** As much of a terminal as the live area uses: lines that scroll, a cursor that goes up, erasing downward. */
export class Screen {
  columns: number;
  rows: number;
  isCursorVisible = true;
  private lines: string[] = [""];
  private row = 0;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): void {
    let rest = text;
    while (rest !== "") {
      const sequence = /^\u001B\[(\?)?(\d*)([A-Za-z])/.exec(rest);
      if (sequence === null) {
        this.put(rest[0] ?? "");
        rest = rest.slice(1);
      } else {
        this.obey(sequence[1] === "?", Number(sequence[2]), sequence[3] ?? "");
        rest = rest.slice(sequence[0].length);
      }
    }
  }

  /** All that was ever shown and not erased, as a person would scroll through it. */
  text(): string {
    return this.lines.join("\n").trimEnd();
  }

  /** Breaks the lines anew, as terminals do; the cursor stays at the end. */
  resize(columns: number): void {
    this.columns = columns;
    this.lines = this.lines.flatMap(
      (line) => line.match(new RegExp(`.{1,${columns}}`, "g")) ?? [""],
    );
    this.row = this.lines.length - 1;
  }

  private put(character: string): void {
    if (character === "\n") {
      this.row += 1;
      this.lines[this.row] ??= "";
      return;
    }
    const line = this.lines[this.row] ?? "";
    if (line.length >= this.columns) {
      this.row += 1;
      this.lines[this.row] = "";
    }
    this.lines[this.row] = `${this.lines[this.row] ?? ""}${character}`;
  }

  private obey(isPrivate: boolean, number: number, letter: string): void {
    if (isPrivate) {
      if (number === 25) this.isCursorVisible = letter === "h";
      else if (number !== 2026) throw new Error(`unknown mode ${number}`);
    } else if (letter === "F") {
      const top = Math.max(0, this.lines.length - this.rows);
      this.row = Math.max(top, this.row - number);
    } else if (letter === "J") {
      this.lines = this.lines.slice(0, this.row);
      this.lines.push("");
    } else if (letter !== "m") {
      throw new Error(`unknown sequence ${letter}`);
    }
  }
}
