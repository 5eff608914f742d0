import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { CancelledError, InternalError, TimeoutError } from "../../errors/error.ts";
import { SYSTEM_PATH } from "./command.ts";

export interface LockOptions {
  /** What is waited for, for the message at the limit. */
  readonly what: string;
  /** Default two minutes. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called once when somebody else holds it. */
  readonly onWait?: () => void;
}

// The kernel's lock is held by a small child that ends when our end of its pipe closes, so a controller that is killed
// leaves no lock behind. The file may be removed by its holder: whoever got the lock of a removed file tries again.
const HOLDER = `
exec 9>>"$1" || exit 70
flock -n 9 || { echo waiting; flock -w "$2" 9 || exit 75; }
[ "$(stat -Lc %i /proc/$$/fd/9)" = "$(stat -c %i "$1" 2>/dev/null)" ] || exit 76
echo held
exec cat >/dev/null
`;

/** Within one process, callers queue here instead of each starting a holder. */
const queues = new Map<string, Promise<unknown>>();

/** Runs `work` while this computer's lock on `file` is held: across processes, and across stacks. */
export async function withLock<T>(
  file: string,
  options: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const before = queues.get(file) ?? Promise.resolve();
  const mine = orAborted(before, options.signal).then(() => holdAndRun(file, options, work));
  // Who gave up waiting does not let the next one overtake the one before.
  const settled = Promise.allSettled([before, mine]);
  queues.set(file, settled);
  try {
    return await mine;
  } finally {
    if (queues.get(file) === settled) queues.delete(file);
  }
}

async function orAborted(before: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return void (await before);
  if (signal.aborted) throw new CancelledError();
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(new CancelledError());
    signal.addEventListener("abort", onAbort, { once: true });
  });
  await Promise.race([before, aborted]).finally(() => signal.removeEventListener("abort", onAbort));
}

async function holdAndRun<T>(
  file: string,
  options: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const limitMs = options.timeoutMs ?? 120_000;
  const deadline = Date.now() + limitMs;
  for (;;) {
    if (options.signal?.aborted) throw new CancelledError();
    const release = await tryHold(file, options, Math.max(1, deadline - Date.now()), limitMs);
    if (release === undefined) continue;
    try {
      return await work();
    } finally {
      release();
    }
  }
}

async function tryHold(
  file: string,
  options: LockOptions,
  waitMs: number,
  limitMs: number,
): Promise<(() => void) | undefined> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const child = spawn("sh", ["-c", HOLDER, "sh", file, String(Math.ceil(waitMs / 1000))], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "pipe", "ignore"],
    env: { PATH: SYSTEM_PATH },
  });
  const release = (): void => {
    child.stdin.end();
  };
  child.stdin.on("error", () => undefined);
  return await new Promise((resolve, reject) => {
    const onAbort = (): void => {
      child.kill("SIGKILL");
      reject(new CancelledError());
    };
    options.signal?.addEventListener("abort", onAbort, { once: true });
    const done = (): void => options.signal?.removeEventListener("abort", onAbort);
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.includes("waiting\n")) {
        output = output.replace("waiting\n", "");
        options.onWait?.();
      }
      if (!output.includes("held\n")) return;
      done();
      resolve(release);
    });
    child.on("error", (error) => {
      done();
      reject(
        new InternalError(`The lock holder cannot be started: ${error.message}`, { cause: error }),
      );
    });
    child.on("close", (status) => {
      done();
      if (status === 76) return resolve(undefined);
      if (status === 75) {
        return reject(
          new TimeoutError(`${options.what} was not free within ${limitMs / 1000} s.`, limitMs),
        );
      }
      return reject(new InternalError(`The lock ${file} cannot be taken (status ${status}).`));
    });
  });
}
