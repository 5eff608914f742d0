import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { CancelledError } from "../errors/error.ts";
import { classifyFailure } from "./classify-failure.ts";
import { connectionFailure } from "./connection-failure.ts";
import type { SshOptions, SshTarget } from "./contract.ts";
import { parseKnownHosts } from "./known-hosts-file.ts";
import type { SessionEnd } from "./session-shell.ts";
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
    const scan = { ...options, knownHostsFile: keyFile };
    const end = await ask(keyScanArguments(target, scan, true), options, signal, program);
    // That ssh ends with "Permission denied" is what was wanted: the key was shown before that.
    const text = await readFile(keyFile, "utf8").catch(() => "");
    const key = parseKnownHosts(text).find(({ names }) =>
      names.includes(options.hostKeyAlias),
    )?.key;
    if (key !== undefined) return key;
    throw await connectionFailure(target, options, end, program);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * Asks a host to prove that it has a pinned key, through the jump host if there is one. Nobody logs in: ssh compares the key
 * before it names a user, and then offers no way of logging in.
 *
 * @throws TransportError as `Transport.connect`, but for a refused user; CancelledError
 */
export async function proveHostKey(
  target: SshTarget,
  options: SshOptions,
  signal: AbortSignal,
  program = "ssh",
): Promise<void> {
  if (signal.aborted) throw new CancelledError();
  const end = await ask(keyScanArguments(target, options, false), options, signal, program);
  if (end.status === 0) return;
  if (end.error === undefined) {
    const { code, atJumpHost } = classifyFailure({
      status: end.status,
      stdout: end.stdout,
      stderr: end.stderr,
      alias: options.hostKeyAlias,
      jumpHost: options.jumpHost,
    });
    // It refuses a user who shows nothing: the key has been proven before that.
    if (code === "KEY_REFUSED" && !atJumpHost) return;
  }
  throw await connectionFailure(target, options, end, program);
}

async function ask(
  args: readonly string[],
  options: SshOptions,
  signal: AbortSignal,
  program: string,
): Promise<SessionEnd> {
  const end = await new Promise<{ status: number | undefined; stderr: string; error?: Error }>(
    (resolve) => {
      const child = spawn(program, [...args], {
        detached: true,
        stdio: ["ignore", "ignore", "pipe"],
      });
      let stderr = "";
      let isTooLate = false;
      const kill = (): void => {
        child.kill("SIGKILL");
      };
      const limit = setTimeout(() => {
        isTooLate = true;
        kill();
      }, options.connectTimeoutMs);
      signal.addEventListener("abort", kill, { once: true });
      const finish = (status: number | undefined, error?: Error): void => {
        clearTimeout(limit);
        signal.removeEventListener("abort", kill);
        // What had failed would have ended ssh: a banner, for one, says nothing of it.
        if (isTooLate || stderr === "") stderr = "Connection timed out";
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
  return { ...end, stdout: "" };
}
