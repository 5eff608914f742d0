import { randomBytes } from "node:crypto";
import { spawn } from "node:child_process";
import { CancelledError, RemoteError, TransportError } from "../errors/error.ts";
import { posixChecksum } from "./checksum.ts";
import { connectionFailure, describeTarget } from "./connection-failure.ts";
import type { Connection, RunOptions, RunResult, SshOptions, SshTarget } from "./contract.ts";
import type { ControlDirectory } from "./control-directory.ts";
import { runOnExtraChannel } from "./extra-channel.ts";
import { portAnswers } from "./port-answers.ts";
import { refusedRoot } from "./refused-root.ts";
import { SessionShell, type SessionHello } from "./session-shell.ts";
import { channelCommand, killChildrenScript, sessionCommand } from "./shell-frame.ts";
import { type Multiplexing, sessionArguments } from "./ssh-arguments.ts";
import { uploadScript } from "./upload-script.ts";

/** Limit for ending what a cancelled command has started, ms. */
const KILL_LIMIT_MS = 4_000;

interface OpenSession {
  readonly shell: SessionShell;
  readonly hello: SessionHello;
}

interface OpenOptions {
  readonly program: string;
  readonly control: ControlDirectory;
  readonly target: SshTarget;
  readonly options: SshOptions;
}

/** One authenticated link: a session's shell that lives as long as the link, and extra channels beside it. */
export class SshConnection implements Connection {
  readonly target: SshTarget;
  readonly #open: OpenOptions;
  readonly #socket: string | undefined;
  readonly #main: OpenSession;
  readonly #closed = new AbortController();
  /** A second shell, as the login user, beside root's; made when first asked for. */
  #userSession: Promise<OpenSession> | undefined;

  private constructor(open: OpenOptions, socket: string | undefined, main: OpenSession) {
    this.target = open.target;
    this.#open = open;
    this.#socket = socket;
    this.#main = main;
  }

  static async open(open: OpenOptions, signal: AbortSignal | undefined): Promise<SshConnection> {
    if (signal?.aborted === true) throw new CancelledError();
    const socket = await open.control.takePath();
    try {
      const multiplexing: Multiplexing =
        socket === undefined ? { role: "none" } : { role: "master", path: socket };
      const main = await openSession(open, multiplexing, "root", signal);
      return new SshConnection(open, socket, main);
    } catch (error) {
      if (socket !== undefined) await open.control.release(socket);
      throw error;
    }
  }

  async run(
    script: string,
    options: RunOptions & { readonly asRoot?: boolean } = {},
  ): Promise<RunResult> {
    const asRoot = options.asRoot ?? true;
    this.#check(asRoot);
    if (options.stdin !== undefined) return this.#runWithInput(script, options, asRoot);
    const { shell, hello } = asRoot ? this.#main : await this.#sessionOfUser(options.signal);
    return shell.run(script, options, () => this.#kill(hello));
  }

  async upload(
    content: Uint8Array,
    path: string,
    options: { readonly mode?: string; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    const result = await this.run(
      uploadScript({
        path,
        mode: options.mode ?? "0600",
        checksum: posixChecksum(content),
        bytes: content.length,
        suffix: randomBytes(4).toString("hex"),
      }),
      { stdin: content, ...(options.signal === undefined ? {} : { signal: options.signal }) },
    );
    if (result.status === 0) return;
    const output = result.stderr.trim().split(/\r?\n/).slice(-5);
    throw new RemoteError(
      "COMMAND_FAILED",
      `The file ${path} could not be written on ${this.target.server}: ${output.at(-1) ?? "no reason was given"}`,
      { server: this.target.server, exitStatus: result.status, output },
    );
  }

  async close(): Promise<void> {
    this.#closed.abort();
    const user = await this.#userSession?.catch(() => undefined);
    await user?.shell.close();
    await this.#main.shell.close();
    if (this.#socket !== undefined) await this.#open.control.release(this.#socket);
  }

  #check(asRoot: boolean): void {
    const { shell, hello } = this.#main;
    if (!shell.isAlive) {
      throw new TransportError(
        "DISCONNECTED",
        this.#closed.signal.aborted
          ? `The link to ${this.target.server} was closed.`
          : `The link to ${this.target.server} broke.`,
        { server: this.target.server },
      );
    }
    if (asRoot && hello.role !== "root") {
      throw refusedRoot({
        server: this.target.server,
        user: this.target.user,
        words: hello.words,
        groups: hello.groups,
      });
    }
  }

  /** The main session where it is the login user's own, else a second one on the same link. */
  async #sessionOfUser(signal: AbortSignal | undefined): Promise<OpenSession> {
    if (this.#main.hello.role === "user" || this.target.user === "root") return this.#main;
    const old = await this.#userSession?.catch(() => undefined);
    if (old === undefined || !old.shell.isAlive) {
      this.#userSession = openSession(this.#open, this.#client(), "user", signal);
    }
    return this.#userSession ?? this.#main;
  }

  #client(): Multiplexing {
    return this.#socket === undefined ? { role: "none" } : { role: "client", path: this.#socket };
  }

  #runWithInput(script: string, options: RunOptions, asRoot: boolean): Promise<RunResult> {
    return runOnExtraChannel({
      program: this.#open.program,
      arguments: sessionArguments(
        this.target,
        this.#open.options,
        this.#client(),
        channelCommand(asRoot && this.target.user !== "root"),
      ),
      marker: newMarker(),
      server: this.target.server,
      script,
      run: options,
      closed: this.#closed.signal,
    });
  }

  async #kill(hello: SessionHello): Promise<void> {
    await this.#runWithInput(
      killChildrenScript(hello.pid),
      { stdin: "", timeoutMs: KILL_LIMIT_MS },
      hello.role === "root",
    );
  }
}

function newMarker(): string {
  return `bm${randomBytes(12).toString("hex")}`;
}

/** Starts ssh and waits until the shell at the other end has answered. */
async function openSession(
  open: OpenOptions,
  multiplexing: Multiplexing,
  wants: "root" | "user",
  signal: AbortSignal | undefined,
): Promise<OpenSession> {
  const { program, target, options } = open;
  const marker = newMarker();
  const child = spawn(
    program,
    [...sessionArguments(target, options, multiplexing, sessionCommand(marker, wants))],
    // A process group and session of its own: Ctrl-C goes to us and not to ssh, and no ssh (a jump host's either)
    // finds a terminal to ask a question on.
    { detached: true, stdio: ["pipe", "pipe", "pipe"] },
  );
  const shell = new SessionShell(child, marker, target.server);
  let limit: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const limitReached = new Promise<"limit">((resolve) => {
    limit = setTimeout(() => resolve("limit"), options.connectTimeoutMs);
  });
  const slowness = watchSlowness(target, options);
  const aborted = new Promise<"aborted">((resolve) => {
    onAbort = () => resolve("aborted");
    signal?.addEventListener("abort", onAbort, { once: true });
  });
  try {
    const first = await Promise.race([shell.hello, shell.ended, limitReached, aborted]);
    if (typeof first === "object" && "role" in first) return { shell, hello: first };
    if (first === "aborted") {
      child.kill("SIGKILL");
      throw new CancelledError();
    }
    if (first === "limit") {
      child.kill("SIGKILL");
      const end = await shell.ended;
      // What has failed would have ended ssh: these words are a banner's, or of something that it goes on from.
      const words = `${end.stdout}\n${end.stderr}`.trim();
      const limitText = `${Math.round(options.connectTimeoutMs / 100) / 10} s`;
      throw new TransportError(
        slowness.portAnswers ? "LOGIN_TIMEOUT" : "CONNECTION_TIMEOUT",
        `${describeTarget(target)} ${slowness.portAnswers ? "answers, and " : ""}did not let us in within ${limitText}.${
          words === "" ? "" : ` Seen so far: ${words.split(/\r?\n/).at(-1)}`
        }`,
        { server: target.server },
      );
    }
    throw await connectionFailure(target, options, first, program);
  } finally {
    slowness.end();
    clearTimeout(limit);
    if (onAbort !== undefined) signal?.removeEventListener("abort", onAbort);
  }
}

/** How long before its limit an attempt is held to be slow, ms. */
const SLOW_BEFORE_LIMIT_MS = 1_000;

/**
 * Of an attempt that comes near its limit: does the port answer at all? Whether a firewall drops what we send or the host is
 * busy is not to be seen in what ssh says. Through a jump host nobody can tell.
 */
function watchSlowness(
  target: SshTarget,
  { connectTimeoutMs, jumpHost }: SshOptions,
): { readonly portAnswers: boolean; end(): void } {
  const over = new AbortController();
  const seen = { portAnswers: false };
  const look = async (): Promise<void> => {
    seen.portAnswers = await portAnswers(target, over.signal);
  };
  const timer =
    jumpHost === undefined
      ? setTimeout(
          () => void look(),
          connectTimeoutMs - Math.min(SLOW_BEFORE_LIMIT_MS, connectTimeoutMs / 2),
        )
      : undefined;
  return {
    get portAnswers() {
      return seen.portAnswers;
    },
    end() {
      clearTimeout(timer);
      over.abort();
    },
  };
}
