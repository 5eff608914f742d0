import {
  type BootmachineError,
  CancelledError,
  RemoteError,
  TimeoutError,
  TransportError,
  toBootmachineError,
} from "../errors/error.ts";
import type { ProgramReport } from "../program/report.ts";

/** The host went back by itself, or was told so, while we believed that the change was under way. */
export class GoneBack extends Error {}

/** The answer was lost: what was asked for may have been done. */
export function isLost(error: unknown): boolean {
  return error instanceof TransportError || error instanceof TimeoutError;
}

/** With one full stop at the end. */
export function ended(text: string): string {
  return `${text.replace(/\.+$/u, "")}.`;
}

/** The last lines that say something. */
export function lines(text: string): readonly string[] {
  return text.trim().split("\n").filter(Boolean).slice(-20);
}

/** "at: …", "cause: …", "reason: …" as one sentence. */
export function sentence(report: readonly string[]): string {
  const field = (name: string): string | undefined =>
    report.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  const problems = report.filter((line) => line.startsWith("problem: "));
  // What we told it ourselves is known.
  const isTold = field("cause") === "now";
  const said = [
    field("at") === undefined ? "" : `went back at ${field("at")}`,
    isTold || field("reason") === undefined ? "" : `because ${field("reason")}`,
    ...problems,
  ].filter(Boolean);
  return said.join(", ");
}

/** What failed, for an event. */
export function describe(error: unknown): string {
  return error instanceof GoneBack
    ? "the host has gone back by itself"
    : toBootmachineError(error).message;
}

/** What was thrown, as one of our errors; after an abort, as that. */
export function asError(thrown: unknown, signal: AbortSignal): BootmachineError {
  return signal.aborted && !(thrown instanceof CancelledError)
    ? new CancelledError(undefined, { cause: thrown })
    : toBootmachineError(thrown);
}

/** One of the small scripts of the change failed. */
export function commandFailed(
  server: string,
  what: string,
  result: { readonly status: number; readonly stdout: string; readonly stderr: string },
): RemoteError {
  const output = lines(`${result.stdout}\n${result.stderr}`);
  return new RemoteError(
    "COMMAND_FAILED",
    `${server} could not ${what}: ${output.at(-1) ?? `exit status ${result.status}`}`,
    {
      server,
      exitStatus: result.status,
      output,
    },
  );
}

/** @throws RemoteError RESOURCE_FAILED where a program of the change did not do all that it should. */
export function throwOnFailure(server: string, report: ProgramReport): void {
  const failed = report.resources.find(({ status }) => status === "failed");
  if (failed === undefined && report.status === 0) return;
  const output = failed?.output ?? [];
  // The cause is seldom in the last line alone: sshd's is "terminating, 1 bad configuration options".
  const last = output.slice(-3).join("; ");
  throw new RemoteError(
    "RESOURCE_FAILED",
    `${failed?.id ?? "the program"} failed${last === "" ? "" : `: ${last}`}`,
    {
      server,
      ...(failed === undefined ? {} : { resource: failed.id }),
      ...(failed?.exitStatus === undefined ? {} : { exitStatus: failed.exitStatus }),
      output,
    },
  );
}

/** The next step, by what failed. */
export function hintFor(cause: BootmachineError): string {
  const again = "The host is as it was before. Then run `bootmachine secure` again.";
  switch (cause.code) {
    case "CONNECTION_TIMEOUT":
    case "NO_ROUTE":
      return `Something drops packets to the new port: the provider's firewall, or another table on the host (\`nft list ruleset\`), or the config's own opening for the ssh port leaves this computer out. Open the port there. ${again}`;
    case "KEY_REFUSED":
      return `The operator's account or key does not open the host: check the operator's keys in the config (are they those of ssh.identityFile, and do their options let this computer in?) and shell. ${again}`;
    case "NOT_ROOT":
      return `Something on the host takes the operator's sudo away: look for a later rule in /etc/sudoers.d. ${again}`;
    case "RESOURCE_FAILED":
      return `Mend what the message names on the host. ${again}`;
    default:
      return `${cause.hint} ${again}`;
  }
}
