import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

import type { ToolOutput, ToolRun } from "../../configurators/contract.ts";
import { CancelledError, RemoteError, TimeoutError } from "../../errors/error.ts";

/** From the polite signal to the last one, ms. */
const GRACE_MS = 10_000;

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
  const folder = await mkdtemp(join(tmpdir(), "bootmachine-tool-"));
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
    const child = spawn(
      "/bin/sh",
      ["-c", 'BM_RESULT=$PWD/result; export BM_RESULT; . "$PWD/script"'],
      { cwd: folder, stdio: ["ignore", "pipe", "pipe"], detached: true },
    );
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
      createInterface({ input: stream }).on("line", options.onOutput);
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
