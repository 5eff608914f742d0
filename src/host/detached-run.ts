import { randomBytes } from "node:crypto";
import {
  type BootmachineError,
  CancelledError,
  RefusedError,
  RemoteError,
  TimeoutError,
  TransportError,
} from "../errors/error.ts";
import type { Program } from "../program/program.ts";
import type { Connection, RunResult } from "../transport/contract.ts";
import { LineCutter } from "../transport/output-reader.ts";
import { pauseFor } from "../transport/pause.ts";
import {
  busyMark,
  closingMark,
  followScript,
  parseHolder,
  RUN_ABSENT,
  RUN_BUSY,
  RUN_NOT_WRITTEN,
  RUN_UNLOCKABLE,
  startScript,
  stopScript,
} from "./run-texts.ts";

/** A link that stays away for this long is given up, ms. */
const RECONNECT_LIMIT_MS = 5 * 60_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 3_000;
/** Limit for asking a program to end, ms. */
const STOP_LIMIT_MS = 10_000;
/** How many of the last lines an error shows. */
const LAST_LINES = 20;

export interface DetachedRunOptions {
  readonly server: string;
  readonly program: Program;
  readonly who: string;
  /** The link that works now, if one does. */
  readonly connection: () => Connection;
  /** One attempt to take the link up again. */
  readonly reconnect: (signal: AbortSignal) => Promise<Connection>;
  /** Each line of the program's report. */
  readonly onLine: (line: string) => void;
  readonly onLink?: ((state: "lost" | "resumed", attempt: number) => void) | undefined;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Asks the program to end after the resource in hand; it is followed to its end all the same. */
  readonly stopSignal?: AbortSignal | undefined;
}

/** How a followed run ended. */
interface Closing {
  readonly status: number;
  /** Set when another program held the host. */
  readonly holder?: string;
}

/**
 * Runs a program detached on the host and follows its report until the closing line, over as many links as it takes.
 *
 * @returns the program's exit status
 * @throws RefusedError HOST_BUSY; RemoteError PROGRAM_BROKEN; TransportError DISCONNECTED, HOST_KEY_MISMATCH;
 *   TimeoutError and CancelledError, after which the program on the host goes on by itself
 */
export async function runDetached(options: DetachedRunOptions): Promise<number> {
  const { server, program, timeoutMs } = options;
  const stop = new AbortController();
  let reason: BootmachineError | undefined;
  const end = (error: BootmachineError): void => {
    reason ??= error;
    stop.abort();
  };
  const onAbort = (): void =>
    end(
      new CancelledError(`The program on ${server} is no longer followed; it finishes by itself.`, {
        server,
      }),
    );
  const limit = setTimeout(
    () =>
      end(
        new TimeoutError(
          `The program "${program.title}" on ${server} did not end within ${timeoutMs / 1000} s. It goes on there by itself.`,
          timeoutMs,
          { server },
        ),
      ),
    timeoutMs,
  );
  if (options.signal?.aborted === true) onAbort();
  options.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await follow(options, stop.signal);
  } catch (error) {
    throw reason ?? error;
  } finally {
    clearTimeout(limit);
    options.signal?.removeEventListener("abort", onAbort);
  }
}

async function follow(options: DetachedRunOptions, signal: AbortSignal): Promise<number> {
  const { server, program } = options;
  const run = { id: newRunId(), title: program.title, who: options.who };
  const lines: string[] = [];
  let offsetBytes = 0;
  let holder: string | undefined;
  let close: ((closing: Closing) => void) | undefined;
  const closed = new Promise<Closing>((resolve) => {
    close = resolve;
  });
  const cutter = new LineCutter((bytes) => {
    const line = bytes.toString("utf8").replace(/\n$/, "");
    const at = line.indexOf(closingMark(run.id));
    if (at !== -1) {
      // A program that was killed in the middle of a line leaves it unfinished before the closing one.
      if (at > 0) options.onLine(line.slice(0, at));
      const status = Number.parseInt(line.slice(at + closingMark(run.id).length), 10);
      close?.({ status, ...(holder === undefined ? {} : { holder }) });
    } else if (line.startsWith(busyMark(run.id))) {
      holder = line.slice(busyMark(run.id).length);
    } else {
      lines.push(line);
      if (lines.length > LAST_LINES) lines.shift();
      options.onLine(line);
    }
  });
  const onBytes = (bytes: Uint8Array): void => {
    offsetBytes += bytes.length;
    cutter.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  };

  let hasBegun = false;
  let script = startScript(run, program.text);
  let connection = options.connection();
  const { stopSignal } = options;
  if (stopSignal?.aborted === true) throw new CancelledError(undefined, { server });
  const onStop = (): void => {
    // Beside the shell that follows the report. Where it does not arrive, the program goes on to its end.
    const asking = { stdin: "", timeoutMs: STOP_LIMIT_MS };
    void connection.run(stopScript(run.id), asking).catch(() => undefined);
  };
  stopSignal?.addEventListener("abort", onStop, { once: true });
  void closed.then(() => stopSignal?.removeEventListener("abort", onStop));
  for (;;) {
    let outcome: Closing | RunResult;
    try {
      // The closing line is the end; that the follower on the host ends a moment later is not waited for.
      const following = connection.run(script, { signal, onBytes });
      following.catch(() => undefined);
      outcome = await Promise.race([closed, following]);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      connection = await takeUpAgain(options, signal, error);
      hasBegun ||= offsetBytes > 0;
      script = followScript(run.id, offsetBytes);
      continue;
    }
    if ("stdout" in outcome) {
      if (outcome.status === RUN_ABSENT && !hasBegun) {
        script = startScript(run, program.text);
        continue;
      }
      throw broken(server, program, outcome, lines);
    }
    if (outcome.holder !== undefined || outcome.status === RUN_BUSY) throw busy(server, outcome);
    if (outcome.status === RUN_UNLOCKABLE) {
      throw new RemoteError("PROGRAM_BROKEN", `The lock on ${server} cannot be made.`, { server });
    }
    return outcome.status;
  }
}

/** Connects again, with pauses that grow, until it works or the limit is reached. */
async function takeUpAgain(
  options: DetachedRunOptions,
  signal: AbortSignal,
  lost: TransportError,
): Promise<Connection> {
  const deadline = performance.now() + RECONNECT_LIMIT_MS;
  let cause: BootmachineError = lost;
  let pauseMs = FIRST_PAUSE_MS;
  for (let attempt = 1; performance.now() < deadline; attempt++) {
    options.onLink?.("lost", attempt);
    try {
      const connection = await options.reconnect(signal);
      options.onLink?.("resumed", attempt);
      return connection;
    } catch (error) {
      // A host with another key is not ours any more; all else may pass.
      if (!(error instanceof TransportError) || error.code === "HOST_KEY_MISMATCH") throw error;
      cause = error;
    }
    await pauseFor(pauseMs, signal);
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
  }
  throw new TransportError(
    "DISCONNECTED",
    `The link to ${options.server} broke and could not be taken up again within ${RECONNECT_LIMIT_MS / 1000} s: ${cause.message}`,
    { server: options.server, cause },
  );
}

function busy(server: string, closing: Closing): RefusedError {
  const { title, who, since } = parseHolder(closing.holder ?? "");
  return new RefusedError(
    "HOST_BUSY",
    `Another program runs on ${server}: "${title}", started by ${who} at ${since}.`,
    { server, heldBy: who },
  );
}

function broken(
  server: string,
  program: Program,
  result: RunResult,
  lines: readonly string[],
): RemoteError {
  const [errors = "", space = ""] =
    result.status === RUN_NOT_WRITTEN
      ? [result.stderr, result.stderr]
      : result.stderr.split("bm-df\n");
  const output = [...lines, ...errors.trim().split("\n")].filter((line) => line !== "");
  const full = describeFullDisk(space);
  const what =
    result.status === RUN_NOT_WRITTEN
      ? `The program "${program.title}" could not be written to ${server}`
      : `The program "${program.title}" on ${server} ended without its closing line`;
  return new RemoteError("PROGRAM_BROKEN", `${what}${full === undefined ? "" : `: ${full}`}.`, {
    server,
    output: output.slice(-LAST_LINES),
    ...(full === undefined
      ? {}
      : { hint: "Make room on the host (apt-get clean, old logs), then run the command again." }),
  });
}

/** "the disk of / is full (0 of 10240 MB free)", from `df -P`; undefined where there is room. */
export function describeFullDisk(df: string): string | undefined {
  for (const line of df.split("\n")) {
    const match = /\s(\d+)\s+(\d+)\s+(\d+)\s+\d+%\s+(\/\S*)\s*$/.exec(line);
    if (match === null) continue;
    const [, blocks = "", , free = "", mount = ""] = match;
    if (Number(free) < 1024) {
      return `the disk of ${mount} is full (${Math.floor(Number(free) / 1024)} of ${Math.floor(Number(blocks) / 1024)} MB free)`;
    }
  }
  return undefined;
}

/** Sorts by time, so that the oldest runs on a host are the first. */
function newRunId(): string {
  const time = new Date().toISOString().replaceAll(/[-:.]/g, "");
  return `${time}-${randomBytes(6).toString("hex")}`;
}
