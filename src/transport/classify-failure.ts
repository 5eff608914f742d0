import type { TransportErrorCode } from "../errors/codes.ts";

/** What ssh left behind when it ended before the session was open. */
export interface SshEnding {
  /** Exit status; undefined when it was killed or could not be started. */
  readonly status: number | undefined;
  readonly stderr: string;
  /** What the host printed before the session was open: a login shell's message, a forced command's. */
  readonly stdout: string;
  readonly alias: string;
  readonly jumpHost?: string | undefined;
}

export interface ClassifiedFailure {
  readonly code: TransportErrorCode;
  /** True where it is the jump host that failed us. */
  readonly atJumpHost: boolean;
  /** What happened, as the end of a sentence that begins with the host's name. */
  readonly reason: string;
  readonly hint?: string;
}

type Rule = readonly [pattern: RegExp, code: TransportErrorCode, reason: string, hint?: string];

/**
 * ssh's own words, for OpenSSH 8.4 to 10.x (they are never translated). The first rule that matches wins, so what is
 * more exact stands first: a refused key is followed by "Connection closed", a wrong host key by "verification failed".
 */
const RULES: readonly Rule[] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed|host key is known for|REVOKED HOST KEY|no matching host key type found/i,
    "HOST_KEY_MISMATCH",
    "showed another host key than the pinned one",
  ],
  [
    /Could not resolve hostname|Name or service not known|nodename nor servname|Temporary failure in name resolution/i,
    "NAME_UNKNOWN",
    "has a name that cannot be resolved",
  ],
  [
    /System is booting up|System is going down|pam_nologin|Unprivileged users are not permitted to log in/i,
    "HOST_NOT_READY",
    "is booting or going down and lets nobody in yet",
  ],
  [
    /Please login as the user/i,
    "KEY_REFUSED",
    "wants another user",
    "The image names the user itself; set it as the first login's user.",
  ],
  [
    /Too many authentication failures/i,
    "KEY_REFUSED",
    "refused us after too many keys were offered",
    "The agent holds many keys: set ssh.identityFile, so that only the right one is offered.",
  ],
  [
    /agent refused operation|signing failed|error in libcrypto|UNPROTECTED PRIVATE KEY|bad permissions|no such identity|invalid format/i,
    "KEY_REFUSED",
    "did not let us in because our own key could not be used",
    "Check the private key file and its permissions (0600), and that the agent has it unlocked.",
  ],
  [
    /Permission denied \(|Permission denied, please try again/i,
    "KEY_REFUSED",
    "refused the user or the key",
  ],
  [
    /no matching (key exchange method|cipher|MAC) found|no mutual signature/i,
    "SSH_FAILED",
    "and our ssh share no algorithm",
  ],
  [
    /No route to host|Network is unreachable|Network is down|Host is unreachable|Can't assign requested address/i,
    "NO_ROUTE",
    "cannot be routed to",
  ],
  [
    /Connection refused/i,
    "CONNECTION_REFUSED",
    "refused the connection: nothing listens on the port",
  ],
  [
    /Not allowed at this time|Exceeded MaxStartups/i,
    "HOST_NOT_READY",
    "takes no connection of ours for some seconds (too many failed ones before)",
  ],
  [
    // Behind another program's connection (UNKNOWN) it is not known whether the host took it.
    /timed out during banner exchange\s+Connection to (?!UNKNOWN )/i,
    "LOGIN_TIMEOUT",
    "took the connection, and no ssh server spoke",
  ],
  [
    /Connection timed out|Operation timed out|timed out during banner exchange|Connection to .* timed out|timed out while waiting/i,
    "CONNECTION_TIMEOUT",
    "does not answer",
  ],
  [
    /kex_exchange_identification|ssh_exchange_identification|banner exchange|Connection (closed|reset) by|Connection reset|Broken pipe|ssh_dispatch_run_fatal|kex_protocol_error/i,
    "HOST_NOT_READY",
    "closed the connection before anybody could log in: its ssh server is starting or stopping",
  ],
];

/** Words that only the hop in between can cause: ssh on the way to the jump host, or its refusal to connect us on. */
const FORWARD_FAILED = /^(?:channel \d+: open failed: |stdio forwarding failed)/im;

/** Tells why ssh ended before the session was open. Pure. */
export function classifyFailure(ending: SshEnding): ClassifiedFailure {
  const words = `${ending.stderr}\n${ending.stdout}`;
  const isThroughJump = ending.jumpHost !== undefined;
  if (isThroughJump) {
    const refusal = /channel \d+: open failed: ([^\n]*)/i.exec(words)?.[1];
    if (refusal !== undefined) {
      if (/administratively prohibited/i.test(refusal)) {
        return {
          code: "SSH_FAILED",
          atJumpHost: true,
          reason: "does not forward connections (administratively prohibited)",
          hint: "Allow TCP forwarding on the jump host (AllowTcpForwarding).",
        };
      }
      const rule = RULES.find(([pattern]) => pattern.test(refusal));
      return {
        code: rule?.[1] ?? "SSH_FAILED",
        atJumpHost: false,
        reason: `${rule?.[2] ?? `cannot be reached (${refusal.trim()})`}, seen from the jump host`,
      };
    }
  }
  const rule = RULES.find(([pattern]) => pattern.test(words));
  const atJumpHost =
    isThroughJump && !FORWARD_FAILED.test(words) && isAboutJumpHost(ending, rule?.[1]);
  if (rule === undefined) {
    return {
      code: "SSH_FAILED",
      atJumpHost: false,
      reason: `could not be used: ${lastWords(ending).replace(/\.$/, "")}`,
    };
  }
  const [, code, reason, hint] = rule;
  if (isThroughJump && !atJumpHost && code === "CONNECTION_TIMEOUT") {
    // Nobody tells which of the two hosts was silent.
    return {
      code,
      atJumpHost,
      reason: `does not answer through the jump host ${ending.jumpHost}, or the jump host itself does not`,
    };
  }
  return {
    code,
    atJumpHost,
    reason:
      code === "HOST_KEY_MISMATCH" && atJumpHost
        ? "is not known by this key to your own known_hosts"
        : reason,
    ...(atJumpHost
      ? {
          hint: "The jump host is your own ssh's affair: its key stands in your known_hosts, its user and key in your ssh_config. `ssh JUMPHOST` must work without a question.",
        }
      : hint === undefined
        ? {}
        : { hint }),
  };
}

/** Whose words are these? Each hop's ssh writes to the same standard error. */
function isAboutJumpHost(ending: SshEnding, code: TransportErrorCode | undefined): boolean {
  const { stderr, alias } = ending;
  switch (code) {
    case "HOST_KEY_MISMATCH":
      // ssh names the host by its alias, and only our own host has ours.
      return !mentions(stderr, alias);
    case "KEY_REFUSED":
      // After a refusal at the jump host, our own ssh sees a connection that closes before it began.
      return /kex_exchange_identification|Connection closed by UNKNOWN/i.test(stderr);
    case "NAME_UNKNOWN":
    case "NO_ROUTE":
    case "CONNECTION_REFUSED":
    case "CONNECTION_TIMEOUT":
      // Our ssh makes no network connection of its own when there is a jump host.
      return /^ssh: /im.test(stderr);
    case "LOGIN_TIMEOUT":
      // Of our own ssh's connection to the host behind it, this is never said.
      return true;
    case "HOST_NOT_READY":
    case "DISCONNECTED":
    case "SSH_FAILED":
    case undefined:
      return false;
  }
}

function mentions(text: string, alias: string): boolean {
  return text.split(/[\s,'"[\]]+/).some((word) => word.replace(/[.:]+$/, "") === alias);
}

/** The lines that ssh meant for people, without its warnings about other things. */
export function lastWords(ending: Pick<SshEnding, "stderr" | "stdout" | "status">): string {
  const lines = `${ending.stdout}\n${ending.stderr}`
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(
      (line) =>
        line !== "" && !line.startsWith("Warning: Permanently added") && !line.startsWith("** "),
    );
  if (lines.length === 0)
    return `ssh ended with status ${ending.status ?? "unknown"} and said nothing`;
  return lines.slice(-3).join("; ");
}

/** The fingerprint that a wrong host showed, from ssh's warning; undefined where ssh does not tell it. */
export function shownFingerprint(stderr: string): string | undefined {
  return /\b((?:SHA256:[A-Za-z0-9+/]{43}=?)|(?:MD5:(?:[0-9a-f]{2}:){15}[0-9a-f]{2}))/.exec(
    stderr,
  )?.[1];
}
