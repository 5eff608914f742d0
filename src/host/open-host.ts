import { hostname, userInfo } from "node:os";
import { CancelledError, RemoteError } from "../errors/error.ts";
import type { Program } from "../program/program.ts";
import type { ProgramReport } from "../program/report.ts";
import { ReportParser } from "../program/report-parser.ts";
import type {
  Connection,
  RunOptions,
  RunResult,
  SshOptions,
  SshTarget,
  Transport,
} from "../transport/contract.ts";
import { describeFullDisk, runDetached } from "./detached-run.ts";
import type { HostFacts } from "./facts.ts";
import type { Host, RunProgramOptions } from "./host.ts";
import { readFacts } from "./read-facts.ts";
import { HOST_STATE } from "./run-texts.ts";

/** Limit for asking why a report is cut short, ms. */
const SPACE_LIMIT_MS = 5_000;

export interface OpenHostOptions {
  readonly signal?: AbortSignal;
  /** Who works on the host, for its lock: "ada@laptop". Default: the user and name of this computer. */
  readonly who?: string;
  /** Limit for this first connection only, ms; default: the ssh options' own. */
  readonly connectTimeoutMs?: number;
}

/**
 * Connects to a host as root and reads its facts.
 *
 * @throws as `Transport.connect`; RemoteError NOT_ROOT, COMMAND_FAILED
 */
export async function openHost(
  transport: Transport,
  target: SshTarget,
  sshOptions: SshOptions,
  options: OpenHostOptions = {},
): Promise<Host> {
  const connection = await transport.connect(
    target,
    { ...sshOptions, connectTimeoutMs: options.connectTimeoutMs ?? sshOptions.connectTimeoutMs },
    options.signal,
  );
  try {
    const facts = await readFacts(connection, options.signal);
    const reconnect = (signal: AbortSignal | undefined): Promise<Connection> =>
      transport.connect(target, sshOptions, signal);
    return new OpenHost(connection, facts, reconnect, options.who ?? thisComputer());
  } catch (error) {
    await connection.close();
    throw error;
  }
}

class OpenHost implements Host {
  readonly target: SshTarget;
  readonly server: string;
  #connection: Connection;
  #facts: HostFacts;
  #isClosed = false;
  readonly #reconnect: (signal: AbortSignal | undefined) => Promise<Connection>;
  readonly #who: string;

  constructor(
    connection: Connection,
    facts: HostFacts,
    reconnect: (signal: AbortSignal | undefined) => Promise<Connection>,
    who: string,
  ) {
    this.#connection = connection;
    this.#facts = facts;
    this.#reconnect = reconnect;
    this.#who = who;
    this.target = connection.target;
    this.server = connection.target.server;
  }

  get facts(): HostFacts {
    return this.#facts;
  }

  run(script: string, options?: RunOptions & { readonly asRoot?: boolean }): Promise<RunResult> {
    return this.#connection.run(script, options);
  }

  upload(
    content: Uint8Array,
    path: string,
    options?: { readonly mode?: string; readonly signal?: AbortSignal },
  ): Promise<void> {
    return this.#connection.upload(content, path, options);
  }

  async runProgram(program: Program, options: RunProgramOptions): Promise<ProgramReport> {
    const parser = new ReportParser();
    const onLine = (line: string): void => {
      const message = parser.push(line);
      if (message !== undefined) options.onMessage?.(message);
    };
    if (program.mode === "check") {
      const result = await this.#connection.run(program.text, {
        onLine,
        timeoutMs: options.timeoutMs,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      return (
        parser.report() ?? (await this.#throwUnfinished(program, result.status, result.stderr))
      );
    }
    const status = await runDetached({
      server: this.server,
      program,
      who: this.#who,
      connection: () => this.#connection,
      reconnect: (signal) => this.#takeUpAgain(signal),
      onLine,
      onLink: options.onLink,
      timeoutMs: options.timeoutMs,
      signal: options.signal,
      stopSignal: options.stopSignal,
    });
    return parser.report() ?? (await this.#throwUnfinished(program, status, ""));
  }

  async refreshFacts(): Promise<HostFacts> {
    this.#facts = await readFacts(this.#connection, undefined);
    return this.#facts;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#connection.close();
  }

  async #takeUpAgain(signal: AbortSignal): Promise<Connection> {
    await this.#connection.close();
    if (this.#isClosed) throw new CancelledError();
    this.#connection = await this.#reconnect(signal);
    return this.#connection;
  }

  async #throwUnfinished(program: Program, status: number, stderr: string): Promise<never> {
    // A full disk swallows lines of the report.
    const space = await this.#connection
      .run(`df -P ${HOST_STATE} / 2>/dev/null`, { timeoutMs: SPACE_LIMIT_MS })
      .catch(() => undefined);
    const full = describeFullDisk(space?.stdout ?? "");
    throw new RemoteError(
      "PROGRAM_BROKEN",
      `The program "${program.title}" on ${this.server} ended with status ${status} in the middle of its report${full === undefined ? "" : `: ${full}`}.`,
      {
        server: this.server,
        exitStatus: status,
        output: stderr.trim().split("\n").filter(Boolean).slice(-20),
      },
    );
  }
}

function thisComputer(): string {
  const who = (): string => {
    try {
      return userInfo().username;
    } catch {
      // A user without an entry in the computer's user table.
      return `uid ${process.getuid?.() ?? "unknown"}`;
    }
  };
  return `${who()}@${hostname()}`;
}
