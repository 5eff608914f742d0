import { spawn } from "node:child_process";
import { CancelledError } from "../errors/error.ts";
import type { SshOptions, SshTarget, Transport } from "./contract.ts";
import { isMissingProgram, missingProgram } from "./missing-program.ts";

/** What one log-in attempt on a fresh connection showed. */
export interface AuthProbe {
  readonly outcome: "granted" | "denied" | "host-key-mismatch" | "turned-away" | "unreachable";
  /** Methods that the server offers to this user before anything was proved: "publickey", "password" …; "none": no proof is asked for. */
  readonly methods: readonly string[];
  /** "ssh-ed25519 SHA256:…", where the host showed one. */
  readonly hostKey: string | undefined;
  /** Standard output of the remote command; "" unless granted. */
  readonly stdout: string;
  /** ssh's own last words, and the remote command's standard error. */
  readonly message: string;
  readonly ms: number;
}

export interface ProbeAuthOptions {
  /** Run where the user is let in. */
  readonly remoteCommand: string;
  /** Limit for the whole attempt, ms. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const MAX_OUTPUT = 200_000;

/**
 * One attempt to log in with the key, on a connection of its own, read from ssh's own debug output.
 *
 * ssh asks with the method "none" first, and the server's answer lists what it offers to this user: so an
 * attempt that succeeds shows the methods too, and costs no refused log-in on the server.
 *
 * @throws CancelledError
 */
export async function probeAuth(
  transport: Transport,
  target: SshTarget,
  sshOptions: SshOptions,
  options: ProbeAuthOptions,
): Promise<AuthProbe> {
  if (options.signal.aborted) throw new CancelledError();
  const started = performance.now();
  const [program = "ssh", ...argv] = transport.command(target, sshOptions, [options.remoteCommand]);
  // ssh takes the first value of an option, so these win over what follows.
  const first = [
    ["LogLevel", "DEBUG1"],
    ["BatchMode", "yes"],
    ["PreferredAuthentications", "publickey"],
    ["ControlMaster", "no"],
    ["ControlPath", "none"],
    ["ClearAllForwardings", "yes"],
    ["PermitLocalCommand", "no"],
    ["RequestTTY", "no"],
    ["ConnectionAttempts", "1"],
    ["ConnectTimeout", String(Math.max(1, Math.ceil(sshOptions.connectTimeoutMs / 1000)))],
  ].flatMap(([keyword, value]) => ["-o", `${keyword}=${value}`]);
  const { stdout, stderr, isLate } = await runBounded(program, [...first, ...argv], options);
  return {
    ...readAuthDebug(stderr),
    ...(isLate ? { message: `no end within ${options.timeoutMs} ms` } : {}),
    stdout,
    ms: performance.now() - started,
  };
}

/** Reads an AuthProbe from what `ssh -v` writes. */
export function readAuthDebug(stderr: string): Omit<AuthProbe, "stdout" | "ms"> {
  const lines = stderr.split(/\r?\n/u);
  const granted = /^Authenticated to .* using "([^"]+)"/mu.exec(stderr);
  const offered = /^debug1: Authentications that can continue: (.*)$/mu.exec(stderr);
  const denied = /Permission denied \(([^)]*)\)/u.exec(stderr);
  const methods =
    granted?.[1] === "none" ? ["none"] : (offered?.[1] ?? denied?.[1] ?? "").split(",");
  const hostKey = /^debug1: Server host key: (\S+ \S+)/mu.exec(stderr)?.[1];
  const outcome = ((): AuthProbe["outcome"] => {
    if (granted !== null) return "granted";
    if (/Not allowed at this time/u.test(stderr)) return "turned-away";
    if (/REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed/u.test(stderr))
      return "host-key-mismatch";
    // Too many keys of an agent end in a disconnect after the refusals.
    if (denied !== null || /Too many authentication failures/u.test(stderr)) return "denied";
    return "unreachable";
  })();
  const words = lines.filter(
    (line) =>
      line !== "" && !/^(debug\d:|OpenSSH_|Authenticated to|Transferred:|Bytes per)/u.test(line),
  );
  return {
    outcome,
    methods: methods.filter((method) => method !== ""),
    hostKey,
    message: words.slice(-3).join("; "),
  };
}

function runBounded(
  program: string,
  argv: readonly string[],
  options: ProbeAuthOptions,
): Promise<{ stdout: string; stderr: string; isLate: boolean }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, { stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill("SIGKILL");
    }, options.timeoutMs);
    const onAbort = (): void => void child.kill("SIGKILL");
    options.signal.addEventListener("abort", onAbort, { once: true });
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (stdout.length < MAX_OUTPUT) stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (stderr.length < MAX_OUTPUT) stderr += text;
    });
    const settle = (): void => {
      clearTimeout(timer);
      options.signal.removeEventListener("abort", onAbort);
    };
    child.once("error", (error) => {
      settle();
      if (isMissingProgram(error)) reject(missingProgram(program, error));
      else resolve({ stdout, stderr: `${stderr}\n${error.message}`, isLate });
    });
    child.once("close", () => {
      settle();
      if (options.signal.aborted) reject(new CancelledError());
      else resolve({ stdout, stderr, isLate });
    });
  });
}
