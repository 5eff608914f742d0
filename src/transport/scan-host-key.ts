import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { CancelledError } from "../errors/error.ts";
import { connectionFailure } from "./connection-failure.ts";
import type { SshOptions, SshTarget } from "./contract.ts";
import { parseKnownHosts } from "./known-hosts-file.ts";
import { keyScanArguments } from "./ssh-arguments.ts";

/** How much of ssh's words is kept. */
const WORDS_BYTES = 64 * 1024;

/**
 * Asks a host for its key, through the jump host if there is one, and stops before anybody is authenticated.
 * Nothing proves the answer.
 *
 * @returns `TYPE BASE64`
 * @throws TransportError as `Transport.connect`; CancelledError
 */
export async function scanHostKey(
  target: SshTarget,
  options: SshOptions,
  signal: AbortSignal,
  program = "ssh",
): Promise<string> {
  if (signal.aborted) throw new CancelledError();
  const directory = await mkdtemp(path.join(tmpdir(), "bm-"));
  try {
    const keyFile = path.join(directory, "known_hosts");
    const end = await new Promise<{ status: number | undefined; stderr: string; error?: Error }>(
      (resolve) => {
        const child = spawn(program, [...keyScanArguments(target, options, keyFile)], {
          detached: true,
          stdio: ["ignore", "ignore", "pipe"],
        });
        let stderr = "";
        const kill = (): void => {
          child.kill("SIGKILL");
        };
        const limit = setTimeout(kill, options.connectTimeoutMs);
        signal.addEventListener("abort", kill, { once: true });
        const finish = (status: number | undefined, error?: Error): void => {
          clearTimeout(limit);
          signal.removeEventListener("abort", kill);
          resolve({ status, stderr, ...(error === undefined ? {} : { error }) });
        };
        child.stderr.on("data", (chunk: Buffer) => {
          stderr = (stderr + chunk.toString("utf8")).slice(-WORDS_BYTES);
        });
        child.on("error", (error) => finish(undefined, error));
        child.on("close", (status) => finish(status ?? undefined));
      },
    );
    if (signal.aborted) throw new CancelledError();
    // That ssh ends with "Permission denied" is what was wanted: the key was shown before that.
    const text = await readFile(keyFile, "utf8").catch(() => "");
    const key = parseKnownHosts(text).find(({ names }) =>
      names.includes(options.hostKeyAlias),
    )?.key;
    if (key !== undefined) return key;
    const stderr = end.stderr === "" ? "Connection timed out" : end.stderr;
    throw await connectionFailure(target, options, { ...end, stderr, stdout: "" }, program);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
