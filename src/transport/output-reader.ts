/** How much of one stream of one command is kept, in bytes; the middle of a longer one is left out, with a note. */
const KEPT_HEAD_BYTES = 16 * 1024 * 1024;
const KEPT_TAIL_BYTES = 64 * 1024;
/** A line longer than this is handed on in pieces. */
const LONGEST_LINE_BYTES = 1024 * 1024;

const NEWLINE = 10;

/** Joins the pieces of one stream, bounded in memory. */
export class BoundedText {
  readonly #head: Buffer[] = [];
  #headBytes = 0;
  #tail: Buffer[] = [];
  #tailBytes = 0;
  #droppedBytes = 0;
  readonly #keptHeadBytes: number;
  readonly #keptTailBytes: number;

  constructor(keptHeadBytes = KEPT_HEAD_BYTES, keptTailBytes = KEPT_TAIL_BYTES) {
    this.#keptHeadBytes = keptHeadBytes;
    this.#keptTailBytes = keptTailBytes;
  }

  push(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const room = this.#keptHeadBytes - this.#headBytes;
    if (room >= bytes.length) {
      this.#head.push(bytes);
      this.#headBytes += bytes.length;
      return;
    }
    if (room > 0) {
      this.#head.push(bytes.subarray(0, room));
      this.#headBytes += room;
    }
    this.#tail.push(room > 0 ? bytes.subarray(room) : bytes);
    this.#tailBytes += bytes.length - Math.max(room, 0);
    // Joined only now and then, so that many small pieces do not cost a copy each.
    if (this.#tailBytes > 4 * this.#keptTailBytes) this.#trimTail();
  }

  /** The text; bytes that are not UTF-8 become U+FFFD. */
  text(): string {
    if (this.#tailBytes > 0) this.#trimTail();
    const head = Buffer.concat(this.#head).toString("utf8");
    if (this.#tailBytes === 0) return head;
    const tail = Buffer.concat(this.#tail).toString("utf8");
    if (this.#droppedBytes === 0) return head + tail;
    return `${head}\n[bootmachine: ${this.#droppedBytes} bytes of output left out here]\n${tail}`;
  }

  #trimTail(): void {
    const whole = Buffer.concat(this.#tail);
    const kept = whole.subarray(Math.max(0, whole.length - this.#keptTailBytes));
    this.#droppedBytes += whole.length - kept.length;
    // A copy, so that the dropped bytes are let go.
    this.#tail = [Buffer.from(kept)];
    this.#tailBytes = kept.length;
  }
}

/** A line as a person would have seen it: without its newline, and only what stands after the last inner carriage return. */
export function visibleLine(bytes: Buffer): string {
  const text = bytes.toString("utf8").replace(/\r+$/, "");
  return text.slice(text.lastIndexOf("\r") + 1);
}

/** Cuts a stream into lines (newline included); the rest comes at `end`. */
export class LineCutter {
  #pieces: Buffer[] = [];
  #pendingBytes = 0;
  readonly #onLine: (line: Buffer) => void;
  /** How many bytes at the end of an overlong line are held back (a marker may begin in them). */
  readonly #holdBackBytes: number;

  constructor(onLine: (line: Buffer) => void, holdBackBytes = 256) {
    this.#onLine = onLine;
    this.#holdBackBytes = holdBackBytes;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (;;) {
      const newline = chunk.indexOf(NEWLINE, start);
      if (newline === -1) break;
      const line = chunk.subarray(start, newline + 1);
      start = newline + 1;
      this.#onLine(this.#pendingBytes === 0 ? line : this.#take(line));
    }
    if (start < chunk.length) {
      this.#pieces.push(chunk.subarray(start));
      this.#pendingBytes += chunk.length - start;
    }
    if (this.#pendingBytes > LONGEST_LINE_BYTES) {
      const pending = this.#take(Buffer.alloc(0));
      const cut = pending.length - this.#holdBackBytes;
      this.#pieces = [pending.subarray(cut)];
      this.#pendingBytes = this.#holdBackBytes;
      this.#onLine(pending.subarray(0, cut));
    }
  }

  /** The unfinished last line, if there is one. */
  end(): void {
    if (this.#pendingBytes > 0) this.#onLine(this.#take(Buffer.alloc(0)));
  }

  #take(last: Buffer): Buffer {
    const whole = Buffer.concat([...this.#pieces, last]);
    this.#pieces = [];
    this.#pendingBytes = 0;
    return whole;
  }
}
