import { spawn } from "node:child_process";
import { CancelledError, ProviderError, TimeoutError } from "../../errors/error.ts";

export interface CommandOptions {
  readonly stdin?: string;
  /** Default one minute. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  readonly env?: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
  readonly onStart?: (pid: number) => void;
  /** Give the status back instead of throwing when it is not 0. */
  readonly allowFailure?: boolean;
}

export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const OUTPUT_LIMIT = 8 * 1024 * 1024;

/**
 * Runs one program of this computer, without a shell, in a process group of its own: at the limit or on abort the
 * whole group ends.
 *
 * @throws ProviderError PROVIDER_UNAVAILABLE when it cannot be started or its status is not 0; TimeoutError; CancelledError.
 */
export async function runCommand(
  argv: readonly [string, ...string[]],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { signal, timeoutMs = 60_000 } = options;
  if (signal?.aborted) throw new CancelledError();
  const [program, ...args] = argv;
  return await new Promise<CommandResult>((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: "/",
      detached: true,
      stdio: [options.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      env: { PATH: SYSTEM_PATH, LC_ALL: "C.UTF-8", ...options.env },
    });
    let stdout = "";
    let stderr = "";
    let ended: "timeout" | "cancelled" | undefined;
    const killGroup = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // It has ended in the meantime.
      }
    };
    const timer = setTimeout(() => {
      ended = "timeout";
      killGroup();
    }, timeoutMs);
    const onAbort = (): void => {
      ended = "cancelled";
      killGroup();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    const lines = options.onLine === undefined ? undefined : lineSplitter(options.onLine);
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      if (stdout.length < OUTPUT_LIMIT) stdout += text;
      lines?.(text);
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      if (stderr.length < OUTPUT_LIMIT) stderr += text;
      lines?.(text);
    });
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(options.stdin);
    child.on("error", (error) => {
      settle();
      reject(
        new ProviderError(
          "PROVIDER_UNAVAILABLE",
          `${program} cannot be started: ${error.message}`,
          {
            cause: error,
          },
        ),
      );
    });
    child.on("spawn", () => {
      if (child.pid !== undefined) options.onStart?.(child.pid);
    });
    child.on("close", (code, killedBy) => {
      settle();
      if (ended === "cancelled") return reject(new CancelledError());
      if (ended === "timeout") {
        return reject(
          new TimeoutError(`${program} did not end within ${timeoutMs / 1000} s.`, timeoutMs),
        );
      }
      const status = code ?? 128;
      if (status === 0 || options.allowFailure === true) return resolve({ status, stdout, stderr });
      const lastLines = (stderr.trim() === "" ? stdout : stderr)
        .trim()
        .split("\n")
        .slice(-8)
        .join("\n");
      return reject(
        new ProviderError(
          "PROVIDER_UNAVAILABLE",
          `${argv.slice(0, 4).join(" ")} ended with ${killedBy ?? `status ${status}`}: ${lastLines}`,
        ),
      );
    });
  });
}

/** Where the system's own programs lie; a user's PATH may lack the sbin directories. */
export const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

function lineSplitter(onLine: (line: string) => void): (text: string) => void {
  let rest = "";
  return (text) => {
    const parts = (rest + text).split(/[\r\n]+/);
    rest = parts.pop() ?? "";
    for (const line of parts) if (line !== "") onLine(line);
  };
}
