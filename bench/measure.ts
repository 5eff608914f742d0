import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

export interface Measurement {
  readonly ms: number;
  readonly status: number | null;
  readonly output: string;
  /** Peak resident memory of the process itself (not of its children), in MiB; Linux only. */
  readonly peakMb: number;
}

export interface MeasureOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: string;
}

/** Runs a command and measures how long it takes, by the monotonic clock. */
export function measure(
  command: string,
  words: readonly string[],
  options: MeasureOptions = {},
): Promise<Measurement> {
  return new Promise((done, fail) => {
    const start = process.hrtime.bigint();
    const child = spawn(command, words, {
      cwd: options.cwd,
      env: { ...process.env, NO_COLOR: "1", ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let peakMb = 0;
    const look = setInterval(() => {
      peakMb = Math.max(peakMb, peakMemoryMb(child.pid));
    }, 50);
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.once("error", (error) => {
      clearInterval(look);
      fail(error);
    });
    child.once("close", (status) => {
      clearInterval(look);
      done({ ms: Number(process.hrtime.bigint() - start) / 1e6, status, output, peakMb });
    });
  });
}

/** As `measure`, and throws where the command fails. */
export async function measureGood(
  command: string,
  words: readonly string[],
  options: MeasureOptions = {},
): Promise<Measurement> {
  const result = await measure(command, words, options);
  if (result.status !== 0) {
    throw new Error(`${command} ${words.join(" ")} ended with ${result.status}:\n${result.output}`);
  }
  return result;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** The kernel's own high-water mark, so that looking now and then misses nothing but the very end. */
function peakMemoryMb(pid: number | undefined): number {
  try {
    const text = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
