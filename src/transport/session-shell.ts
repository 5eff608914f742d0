import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { CancelledError, TimeoutError, TransportError } from "../errors/error.ts";
import type { RunOptions, RunResult } from "./contract.ts";
import { BoundedText, LineCutter, visibleLine } from "./output-reader.ts";
import { endMarker, sessionFrame } from "./shell-frame.ts";

/** How long a killed script may take to give the shell back, ms. */
const KILL_GRACE_MS = 5_000;
/** How much of what a host prints before the session is open is kept, bytes. */
const NOISE_BYTES = 64 * 1024;

export interface SessionHello {
  readonly role: "root" | "user";
  /** Process id of the session's shell on the host. */
  readonly pid: number;
  /** Groups of the login user, where sudo refused. */
  readonly groups: readonly string[];
  /** Standard error up to the hello: banners, and sudo's words where it refused. */
  readonly words: string;
}

/** How the ssh process ended. */
export interface SessionEnd {
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Set where the program could not be started at all. */
  readonly error?: Error;
}

interface Running {
  readonly number: number;
  readonly stdout: BoundedText;
  readonly stderr: BoundedText;
  readonly options: RunOptions;
  status: number | undefined;
  hasStderrEnded: boolean;
  readonly settle: (outcome: RunResult | Error) => void;
}

/**
 * One `sh` at the other end of one ssh process, which runs scripts one after another.
 *
 * The end of a script is told by a marker on both streams, so scripts cost one round trip and one fork, and a background
 * process that keeps the streams open holds up nobody.
 */
export class SessionShell {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #marker: string;
  readonly #server: string;
  #queue: Promise<unknown>;
  #running: Running | undefined;
  #count = 0;
  #end: SessionEnd | undefined;
  #noise = "";
  #errors = "";
  #groups: readonly string[] = [];
  #isClosing = false;
  readonly hello: Promise<SessionHello>;
  readonly ended: Promise<SessionEnd>;
  #resolveHello: ((hello: SessionHello) => void) | undefined;
  /** The two streams are two pipes, and either may be read first: the session is open when both have said hello. */
  #outHello: Pick<SessionHello, "role" | "pid"> | undefined;
  #hasErrHello = false;

  constructor(child: ChildProcessWithoutNullStreams, marker: string, server: string) {
    this.#child = child;
    this.#marker = marker;
    this.#server = server;
    this.hello = new Promise((resolve) => {
      this.#resolveHello = resolve;
    });
    const out = new LineCutter((line) => this.#onOutLine(line));
    const err = new LineCutter((line) => this.#onErrLine(line));
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    // Writing to a link that has just broken: the end of the process says the rest.
    child.stdin.on("error", () => undefined);
    this.ended = new Promise((resolve) => {
      const finish = (status: number | undefined, error?: Error): void => {
        if (this.#end !== undefined) return;
        out.end();
        err.end();
        this.#end = {
          status,
          stdout: this.#noise,
          stderr: this.#errors,
          ...(error === undefined ? {} : { error }),
        };
        this.#running?.settle(this.#gone());
        resolve(this.#end);
      };
      child.on("error", (error) => finish(undefined, error));
      child.on("close", (status) => finish(status ?? undefined));
    });
    // Nothing is sent to whatever may be there before the session is open.
    this.#queue = Promise.race([this.hello, this.ended]);
  }

  get isAlive(): boolean {
    return this.#end === undefined && !this.#isClosing;
  }

  /** What was printed so far, while the session is not open. */
  get noise(): string {
    return this.#noise;
  }

  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  /**
   * Runs one script after those before it.
   *
   * @param kill ends what the session's shell has started; called on a time limit and on abort.
   */
  run(script: string, options: RunOptions, kill: () => Promise<void>): Promise<RunResult> {
    const { signal } = options;
    if (signal?.aborted === true) return Promise.reject(new CancelledError());
    return new Promise<RunResult>((resolve, reject) => {
      let hasBegun = false;
      const onAbortWhileQueued = (): void => {
        if (!hasBegun) reject(new CancelledError());
      };
      signal?.addEventListener("abort", onAbortWhileQueued, { once: true });
      this.#queue = this.#queue.then(async () => {
        hasBegun = true;
        signal?.removeEventListener("abort", onAbortWhileQueued);
        if (signal?.aborted === true) return;
        await this.#runNow(script, options, kill, resolve, reject);
      });
    });
  }

  /** Ends the process: politely when it is idle, at once when it is not. */
  async close(): Promise<void> {
    if (this.#end !== undefined) return;
    this.#isClosing = true;
    if (this.isBusy) this.#child.kill("SIGTERM");
    this.#child.stdin.end();
    if (await this.#endsWithin(1_000)) return;
    this.#child.kill("SIGTERM");
    if (await this.#endsWithin(1_000)) return;
    this.#child.kill("SIGKILL");
    await this.#endsWithin(1_000);
  }

  async #endsWithin(limitMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), limitMs);
    });
    const ended = await Promise.race([this.ended.then(() => true), limit]);
    clearTimeout(timer);
    return ended;
  }

  /** Settles the caller's promise as soon as there is an outcome, and returns when the shell is free again. */
  async #runNow(
    script: string,
    options: RunOptions,
    kill: () => Promise<void>,
    resolve: (result: RunResult) => void,
    reject: (error: Error) => void,
  ): Promise<void> {
    if (!this.isAlive) {
      reject(this.#gone());
      return;
    }
    const { signal, timeoutMs } = options;
    this.#count += 1;
    const number = this.#count;
    await new Promise<void>((free) => {
      let stopReason: Error | undefined;
      let graceTimer: NodeJS.Timeout | undefined;
      const stop = (reason: Error): void => {
        if (stopReason !== undefined) return;
        stopReason = reason;
        reject(reason);
        graceTimer = setTimeout(() => this.#child.kill("SIGTERM"), KILL_GRACE_MS);
        void kill().catch(() => undefined);
      };
      const onAbort = (): void => stop(new CancelledError());
      const limit =
        timeoutMs === undefined
          ? undefined
          : setTimeout(
              () =>
                stop(
                  new TimeoutError(
                    `A command on ${this.#server} did not end within ${timeoutMs / 1000} s and was ended.`,
                    timeoutMs,
                    { server: this.#server },
                  ),
                ),
              timeoutMs,
            );
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#running = {
        number,
        stdout: new BoundedText(),
        stderr: new BoundedText(),
        options,
        status: undefined,
        hasStderrEnded: false,
        settle: (outcome) => {
          this.#running = undefined;
          clearTimeout(limit);
          clearTimeout(graceTimer);
          signal?.removeEventListener("abort", onAbort);
          if (stopReason === undefined) {
            if (outcome instanceof Error) reject(outcome);
            else resolve(outcome);
          }
          free();
        },
      };
      this.#child.stdin.write(sessionFrame(this.#marker, number, script));
    });
  }

  #onOutLine(line: Buffer): void {
    const running = this.#running;
    if (running === undefined) {
      this.#onEarlyLine(line.toString("utf8"));
      return;
    }
    const at = line.indexOf(endMarker(this.#marker, running.number));
    const content = at === -1 ? line : line.subarray(0, at);
    if (content.length > 0) {
      if (content.includes(`${this.#marker}-hello`)) {
        // Another shell took the place of ours: whatever comes next would run as somebody else.
        this.#child.kill("SIGKILL");
        return;
      }
      if (running.options.onBytes === undefined) running.stdout.push(content);
      else running.options.onBytes(content);
      running.options.onLine?.(
        visibleLine(content.at(-1) === 10 ? content.subarray(0, -1) : content),
      );
    }
    if (at === -1) return;
    running.status = Number.parseInt(line.subarray(at).toString("latin1").split(" ")[1] ?? "", 10);
    this.#settleWhenDone(running);
  }

  #onErrLine(line: Buffer): void {
    const running = this.#running;
    if (running === undefined) {
      const text = line.toString("utf8");
      const groups = new RegExp(`^${this.#marker}-groups (.*)$`, "m").exec(text)?.[1];
      if (groups !== undefined) this.#groups = groups.trim().split(/\s+/);
      else if (text.endsWith(`${this.#marker}-hello\n`)) {
        // A login may end its words without a newline.
        this.#rememberError(text.slice(0, text.lastIndexOf(this.#marker)));
        this.#hasErrHello = true;
        this.#openWhenGreeted();
      } else this.#rememberError(text);
      return;
    }
    const at = line.indexOf(endMarker(this.#marker, running.number));
    const content = at === -1 ? line : line.subarray(0, at);
    if (content.length > 0) {
      running.stderr.push(content);
      // ssh's own last words ("Timeout, server not responding") come this way as well.
      this.#rememberError(content.toString("utf8"));
    }
    if (at === -1) return;
    running.hasStderrEnded = true;
    this.#settleWhenDone(running);
  }

  #settleWhenDone(running: Running): void {
    if (running.status === undefined || !running.hasStderrEnded) return;
    running.settle({
      status: running.status,
      stdout: running.stdout.text(),
      stderr: running.stderr.text(),
    });
  }

  #onEarlyLine(text: string): void {
    const match = new RegExp(`${this.#marker}-hello (root|user) (\\d+)`).exec(text);
    if (match === null) {
      this.#noise = (this.#noise + text).slice(-NOISE_BYTES);
      return;
    }
    if (this.#outHello !== undefined) {
      this.#child.kill("SIGKILL");
      return;
    }
    this.#outHello = {
      role: match[1] === "root" ? "root" : "user",
      pid: Number.parseInt(match[2] ?? "0", 10),
    };
    this.#openWhenGreeted();
  }

  #openWhenGreeted(): void {
    const hello = this.#outHello;
    if (hello === undefined || !this.#hasErrHello) return;
    this.#resolveHello?.(
      hello.role === "root"
        ? { ...hello, groups: [], words: "" }
        : { ...hello, groups: this.#groups, words: this.#errors },
    );
    this.#resolveHello = undefined;
  }

  #rememberError(text: string): void {
    this.#errors = (this.#errors + text).slice(-NOISE_BYTES);
  }

  #gone(): TransportError {
    const last = (this.#end?.stderr ?? "").trim().split(/\r?\n/).slice(-1)[0] ?? "";
    const words = this.#isClosing || last === "" ? "" : ` ssh says: ${last}`;
    return new TransportError(
      "DISCONNECTED",
      this.#isClosing
        ? `The link to ${this.#server} was closed.`
        : `The link to ${this.#server} broke.${words}`,
      { server: this.#server },
    );
  }
}
