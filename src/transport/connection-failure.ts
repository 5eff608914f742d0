import { type RefusedError, TransportError } from "../errors/error.ts";
import { classifyFailure, lastWords, shownFingerprint } from "./classify-failure.ts";
import type { SshOptions, SshTarget } from "./contract.ts";
import { fingerprint, readPinnedKeys } from "./known-hosts-file.ts";
import { isMissingProgram, missingProgram } from "./missing-program.ts";
import type { SessionEnd } from "./session-shell.ts";

/** "web1 (203.0.113.7 port 22)": the host as messages name it. */
export function describeTarget(target: SshTarget): string {
  return `${target.server} (${target.address} port ${target.port})`;
}

/** The error for an ssh process that ended before its session was open; PREREQUISITE_MISSING where there is no ssh at all. */
export async function connectionFailure(
  target: SshTarget,
  options: SshOptions,
  end: SessionEnd,
  program: string,
): Promise<TransportError | RefusedError> {
  const { server } = target;
  if (end.error !== undefined) {
    if (isMissingProgram(end.error)) return missingProgram(program, end.error, server);
    return new TransportError(
      "SSH_FAILED",
      `\`${program}\` could not be started: ${end.error.message}`,
      { server, cause: end.error },
    );
  }
  const failure = classifyFailure({
    status: end.status,
    stdout: end.stdout,
    stderr: end.stderr,
    alias: options.hostKeyAlias,
    jumpHost: options.jumpHost,
  });
  if (failure.code === "HOST_KEY_MISMATCH" && !failure.atJumpHost) {
    return hostKeyMismatch(target, options, end.stderr);
  }
  const who = failure.atJumpHost
    ? `The jump host ${options.jumpHost} on the way to ${server}`
    : `${describeTarget(target)}, user ${target.user},`;
  return new TransportError(failure.code, `${who} ${failure.reason}.`, {
    server,
    ...(failure.hint === undefined ? {} : { hint: failure.hint }),
    cause: new Error(lastWords(end)),
  });
}

async function hostKeyMismatch(
  target: SshTarget,
  options: SshOptions,
  stderr: string,
): Promise<TransportError> {
  const pinned = await readPinnedKeys(options.knownHostsFile, options.hostKeyAlias);
  const pinnedText =
    pinned.length === 0
      ? `none (${options.knownHostsFile} has no key for ${options.hostKeyAlias})`
      : pinned.map((key) => `${fingerprint(key)} (${key.split(" ")[0]})`).join(", ");
  const shown = shownFingerprint(stderr) ?? "a key of another type, which ssh does not tell";
  return new TransportError(
    "HOST_KEY_MISMATCH",
    `${describeTarget(target)} showed another host key than the pinned one. Pinned: ${pinnedText}. Shown: ${shown}. ` +
      `Nothing was sent to it. Either the server was reinstalled or its address now belongs to another machine, ` +
      `or somebody in between answers in its place.`,
    {
      server: target.server,
      ...(options.keyChangeHint === undefined ? {} : { hint: options.keyChangeHint }),
      cause: new Error(lastWords({ stderr, stdout: "", status: 255 })),
    },
  );
}
