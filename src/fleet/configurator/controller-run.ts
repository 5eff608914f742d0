import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

import type { ToolOutput, ToolRun } from "../../configurators/contract.ts";
import { CancelledError, RemoteError, TimeoutError } from "../../errors/error.ts";

const FOLDER_PREFIX = "bootmachine-tool-";

/** From the polite signal to the last one, ms. */
const GRACE_MS = 10_000;

/**
 * Whoever started this may be killed: then nobody holds the other end of descriptor 3, and the tool is not left at work beside
 * the next run's, nor its folder, which may hold secrets.
 */
const SCRIPT = `(
  trap '' TERM HUP INT
  read -r bm_never <&3
  kill -s TERM 0
  bm_tries=0
  while kill -s 0 $$ 2>/dev/null && [ "$bm_tries" -lt ${GRACE_MS / 1000} ]; do
    sleep 1
    bm_tries=$((bm_tries + 1))
  done
  case $PWD in */${FOLDER_PREFIX}*) rm -rf "$PWD" ;; esac
  kill -s KILL 0
) >/dev/null 2>&1 &
exec 3<&-
BM_RESULT=$PWD/result
export BM_RESULT
. "$PWD/script"`;

export interface ControllerRunOptions {
  readonly onOutput: (line: string) => void;
  /** The result may have so many bytes. */
  readonly limitBytes: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Runs the tool on the operator's computer, as the operator, in a private folder that is removed afterwards.
 *
 * @throws TimeoutError; CancelledError on abort, when the tool and its children are gone
 */
export async function runOnController(
  tool: ToolRun,
  options: ControllerRunOptions,
): Promise<Pick<ToolOutput, "result" | "exitStatus">> {
  const folder = await mkdtemp(join(tmpdir(), FOLDER_PREFIX));
  const resultFile = join(folder, "result");
  try {
    for (const file of tool.files ?? []) {
      const path = join(folder, file.path);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFile(path, file.content, { mode: Number.parseInt(file.mode ?? "0600", 8) });
    }
    await writeFile(resultFile, "", { mode: 0o600 });
    await writeFile(join(folder, "script"), `${tool.script}\n`, { mode: 0o600 });
    const exitStatus = await runScript(folder, tool, options);
    const result = await readFile(resultFile);
    if (result.length > options.limitBytes) {
      throw new RemoteError(
        "TOOL_FAILED",
        `The result of ${tool.title} is larger than ${options.limitBytes / 1024 / 1024} MiB.`,
      );
    }
    return { result: result.toString("utf8"), exitStatus };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function runScript(folder: string, tool: ToolRun, options: ControllerRunOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    // A process group of its own: when it is ended, its children end with it.
    const child = spawn("/bin/sh", ["-c", SCRIPT], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      detached: true,
    });
    // Its end of descriptor 3 may be gone before ours.
    child.stdio[3]?.on("error", () => undefined);
    // Who watches over it is in its group, and what it has left running is of no use without its folder.
    child.on("exit", () => killGroup(child.pid, "SIGKILL"));
    let ending: Error | undefined;
    const end = (error: Error): void => {
      if (ending !== undefined) return;
      ending = error;
      killGroup(child.pid, "SIGTERM");
      hardEnd = setTimeout(() => killGroup(child.pid, "SIGKILL"), GRACE_MS);
    };
    let hardEnd: NodeJS.Timeout | undefined;
    const limit = setTimeout(
      () =>
        end(
          new TimeoutError(
            `${tool.title} did not end within ${Math.round(options.timeoutMs / 1000)} s.`,
            options.timeoutMs,
            { hint: "Find out why it is slow, or raise ssh.phaseTimeoutSeconds." },
          ),
        ),
      options.timeoutMs,
    );
    const onAbort = (): void => end(new CancelledError());
    options.signal.addEventListener("abort", onAbort, { once: true });
    if (options.signal.aborted) onAbort();
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on("line", options.onOutput);
    }
    child.on("error", (error) => {
      ending ??= error;
    });
    child.on("close", (status, signal) => {
      clearTimeout(limit);
      clearTimeout(hardEnd);
      options.signal.removeEventListener("abort", onAbort);
      if (ending !== undefined) reject(ending);
      else resolve(status ?? (signal === null ? 1 : 128));
    });
  });
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Gone already.
  }
}
