import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { CancelledError, TimeoutError, TransportError } from "../errors/error.ts";
import type { SshOptions, SshTarget } from "../transport/contract.ts";
import { pauseFor } from "../transport/pause.ts";
import { firstAnswer } from "./first-answer.ts";
import { scanHostKey } from "../transport/scan-host-key.ts";

export { fingerprint, readPinnedKeys } from "../transport/known-hosts-file.ts";

/** Changes of one file wait for each other: many servers are pinned at once. */
const changes = new Map<string, Promise<void>>();

/**
 * Pins a host's keys under its alias: they replace the ones that were pinned there. Atomic; the file has mode 0600.
 *
 * @param keys `TYPE BASE64` each
 */
export async function pinHostKeys(
  file: string,
  alias: string,
  keys: readonly string[],
): Promise<void> {
  await change(file, alias, keys);
}

/** Forgets a host's keys. */
export async function unpinHostKeys(file: string, alias: string): Promise<void> {
  await change(file, alias, []);
}

async function change(file: string, alias: string, keys: readonly string[]): Promise<void> {
  const before = changes.get(file) ?? Promise.resolve();
  const mine = before.catch(() => undefined).then(() => rewrite(file, alias, keys));
  changes.set(file, mine);
  try {
    await mine;
  } finally {
    if (changes.get(file) === mine) changes.delete(file);
  }
}

async function rewrite(file: string, alias: string, keys: readonly string[]): Promise<void> {
  const old = await readFile(file, "utf8").catch(() => undefined);
  if (old === undefined && keys.length === 0) return;
  const kept = (old ?? "")
    .split("\n")
    .filter((line) => line !== "" && !(line.split(/\s+/)[0] ?? "").split(",").includes(alias));
  const added = keys.map((key) => `${alias} ${key.trim().split(/\s+/).slice(0, 2).join(" ")}`);
  const text = [...kept, ...added].map((line) => `${line}\n`).join("");
  if (text === old) return;
  await mkdir(path.dirname(file), { recursive: true });
  const candidate = `${file}.${randomBytes(4).toString("hex")}`;
  try {
    const handle = await open(candidate, "wx", 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(candidate, file);
  } catch (error) {
    await rm(candidate, { force: true });
    throw error;
  }
}

export interface LearnHostKeyOptions extends SshOptions {
  readonly signal: AbortSignal;
  /** Limit for a host that does not answer yet, ms. */
  readonly timeoutMs: number;
  /** The OpenSSH client; default "ssh". */
  readonly program?: string;
}

/**
 * First use: takes the key that the first answering way into a host shows. Nothing proves it; only for users who said so.
 *
 * @returns `TYPE BASE64`, one
 * @throws TimeoutError with the last attempt's failure as its cause; CancelledError
 */
export async function learnHostKey(
  targets: readonly SshTarget[],
  options: LearnHostKeyOptions,
): Promise<readonly string[]> {
  const { signal, timeoutMs, program } = options;
  const deadline = performance.now() + timeoutMs;
  let failure: TransportError | undefined;
  for (let pauseMs = 200; ; pauseMs = Math.min(2_000, pauseMs * 2)) {
    if (signal.aborted) throw new CancelledError();
    const leftMs = Math.max(1, deadline - performance.now());
    const connectTimeoutMs = Math.min(options.connectTimeoutMs, leftMs);
    const ask = async (target: SshTarget, until: AbortSignal): Promise<readonly string[]> => [
      await scanHostKey(target, { ...options, connectTimeoutMs }, until, program),
    ];
    try {
      return await firstAnswer(targets, ask, signal);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      failure = error;
    }
    if (performance.now() + pauseMs >= deadline) {
      throw new TimeoutError(
        `${targets[0]?.server ?? "The host"} did not show its host key within ${timeoutMs / 1000} s: ${failure?.message ?? "there is no address"}`,
        timeoutMs,
        {
          server: targets[0]?.server,
          cause: failure,
          // What stood in the way says what to do; how long was waited does not.
          ...(failure === undefined ? {} : { hint: failure.hint }),
        },
      );
    }
    await pauseFor(pauseMs, signal);
  }
}
