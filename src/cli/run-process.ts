import type { OutputStream, Surroundings } from "./context.ts";
import { runCli } from "./run-cli.ts";
import { readVersion } from "../version.ts";

/** After the second signal, or a defect, the process ends at the latest after this long. */
const HARD_LIMIT_MS = 3000;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Binds the command line to this process: arguments, environment, streams, signals, exit status. */
export async function runProcess(): Promise<void> {
  const soft = new AbortController();
  const hard = new AbortController();
  watchOutput(soft);
  const surroundings: Surroundings = {
    env: process.env,
    cwd: process.cwd(),
    version: readVersion(),
    stdout: guardStream(process.stdout),
    stderr: guardStream(process.stderr),
    isInputTerminal: process.stdin.isTTY,
    signal: soft.signal,
    hardSignal: hard.signal,
  };
  const argv = process.argv.slice(2);
  watchSignals(soft, hard);
  watchDefects(surroundings, argv, soft, hard);
  let status: number;
  try {
    status = await runCli(argv, surroundings);
  } catch (thrown) {
    const { reportError } = await import("./report-error.ts");
    status = await reportError(surroundings, flagsSeenIn(argv), thrown);
  }
  process.exitCode ??= status;
  // The work is done: from here on a signal ends the process as it ends any other.
  for (const signal of SIGNALS) process.removeAllListeners(signal);
}

/**
 * First signal: nothing new is started, the step in hand is finished or undone. Second: stop at once, and end
 * even if something hangs.
 */
function watchSignals(soft: AbortController, hard: AbortController): void {
  const onSignal = (): void => {
    if (!soft.signal.aborted) {
      soft.abort();
      return;
    }
    process.exitCode = 130;
    hard.abort();
    endSoon(HARD_LIMIT_MS);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
}

/** What nobody caught is a defect of ours: said once, with a file for the report, and the run is cancelled in order. */
function watchDefects(
  surroundings: Surroundings,
  argv: readonly string[],
  soft: AbortController,
  hard: AbortController,
): void {
  let isReported = false;
  const onDefect = (thrown: unknown): void => {
    process.exitCode = 70;
    if (isReported) return;
    isReported = true;
    soft.abort();
    hard.abort();
    const report = async (): Promise<void> => {
      const [{ InternalError }, { reportError }] = await Promise.all([
        import("../errors/error.ts"),
        import("./report-error.ts"),
      ]);
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      await reportError(
        surroundings,
        flagsSeenIn(argv),
        new InternalError(message, { cause: thrown }),
      );
    };
    void report().finally(() => endSoon(HARD_LIMIT_MS));
  };
  process.on("uncaughtException", onDefect);
  process.on("unhandledRejection", onDefect);
}

/** The reader of our output went away (`| head`, a closed terminal): nobody is left to tell, so the run ends in order. */
function watchOutput(soft: AbortController): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", () => {
      closedStreams.add(stream);
      soft.abort();
    });
  }
}

const closedStreams = new WeakSet<NodeJS.WriteStream>();

/** The stream, but what is written after its reader went away is dropped. */
function guardStream(stream: NodeJS.WriteStream): OutputStream {
  return {
    get columns() {
      return stream.columns;
    },
    get rows() {
      return stream.rows;
    },
    isTTY: stream.isTTY,
    write: (text) => (closedStreams.has(stream) ? true : stream.write(text)),
    on: (event, listener) => stream.on(event, listener),
    off: (event, listener) => stream.off(event, listener),
  };
}

/**
 * Ends the process after the limit if something still holds it (a child, a socket, a name lookup): by SIGINT with
 * nobody listening, which a shell shows as 130.
 */
function endSoon(limitMs: number): void {
  const timer = setTimeout(() => {
    process.removeAllListeners("SIGINT");
    process.kill(process.pid, "SIGINT");
  }, limitMs);
  timer.unref();
}

/** For errors outside of a command, where the flags were not parsed. */
function flagsSeenIn(argv: readonly string[]): {
  readonly json: boolean;
  readonly color: boolean;
  readonly verbose: boolean;
} {
  return {
    json: argv.includes("--json"),
    color: !argv.includes("--no-color"),
    verbose: argv.includes("--verbose"),
  };
}
