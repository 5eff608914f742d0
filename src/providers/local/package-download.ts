import { createHash } from "node:crypto";
import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

const CHUNK_BYTES = 256 * 1024;

type DownloadState = "starting" | "coming" | "done" | "failed";

/** A file on its way: written to disk once, and given to everybody who waits for it as it comes. */
export class Download {
  readonly #file: string;
  readonly #partial: string;
  readonly #expected: string | undefined;
  readonly #waiting = new Set<() => void>();
  /** One handle for writing and for all who read: a name would change under a reader when the file is complete. */
  #handle: FileHandle | undefined;
  #readers = 0;
  #written = 0;
  #state: DownloadState = "starting";
  #length = 0;

  constructor(file: string, expected: string | undefined) {
    this.#file = file;
    this.#partial = `${file}.part-${process.pid}-${Date.now()}`;
    this.#expected = expected;
  }

  async run(start: () => Promise<IncomingMessage>): Promise<void> {
    let upstream: IncomingMessage | undefined;
    try {
      upstream = await start();
      this.#length = Number(upstream.headers["content-length"]);
      if (upstream.statusCode !== 200 || !Number.isInteger(this.#length))
        throw new Error("not to be kept");
      await mkdir(dirname(this.#partial), { recursive: true, mode: 0o755 });
      this.#handle = await open(this.#partial, "w+", 0o644);
      this.#tell("coming");
      const hash = createHash("sha256");
      for await (const chunk of upstream) {
        const bytes = chunk as Buffer;
        hash.update(bytes);
        await this.#handle.write(bytes, 0, bytes.length, this.#written);
        this.#written += bytes.length;
        this.#tell("coming");
      }
      const isRight = this.#expected === undefined || hash.digest("hex") === this.#expected;
      if (this.#written !== this.#length || !isRight) throw new Error("broken on the way");
      await rename(this.#partial, this.#file);
      this.#tell("done");
    } catch {
      upstream?.destroy();
      await rm(this.#partial, { force: true });
      this.#tell("failed");
    }
    await this.#closeWhenUnused();
  }

  /** False, with nothing sent, where there is nothing to send. */
  async copyTo(response: ServerResponse): Promise<boolean> {
    this.#readers += 1;
    try {
      while (this.#state === "starting") await this.#change();
      if (this.#state === "failed" && this.#written === 0) return false;
      response.writeHead(200, {
        "content-length": this.#length,
        "content-type": "application/octet-stream",
      });
      await pipeline(Readable.from(this.#chunks()), response);
      return true;
    } finally {
      this.#readers -= 1;
      await this.#closeWhenUnused();
    }
  }

  async *#chunks(): AsyncGenerator<Buffer> {
    let sent = 0;
    for (;;) {
      if (this.#state === "failed" || this.#handle === undefined)
        throw new Error("broken on the way");
      if (sent < this.#written) {
        const buffer = Buffer.alloc(Math.min(CHUNK_BYTES, this.#written - sent));
        const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, sent);
        sent += bytesRead;
        yield buffer.subarray(0, bytesRead);
      } else if (this.#state === "done") {
        return;
      } else {
        await this.#change();
      }
    }
  }

  async #closeWhenUnused(): Promise<void> {
    if (this.#readers > 0 || this.#state === "starting" || this.#state === "coming") return;
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  #tell(state: DownloadState): void {
    this.#state = state;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  async #change(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }
}
