import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { CancelledError, RefusedError, toBootmachineError } from "../errors/error.ts";
import { fingerprint, pinHostKeys } from "../host/known-hosts.ts";
import { mostTelling } from "../host/wait-for-host.ts";
import { proveHostKey, scanHostKey } from "../transport/scan-host-key.ts";
import type { SshTarget } from "../transport/contract.ts";
import type { Machine } from "../providers/contract.ts";
import { identityOf } from "./phases/trust.ts";
import type { ServerRun } from "./server-run.ts";
import { sshOptionsOf, waysIn } from "./ways-in.ts";

/**
 * Looks whether a host that nobody made here is there: at each of the ports on which its sshd may listen, all at once, until
 * one shows the host key. Nobody logs in, and nothing is remembered. One attempt, no longer than ssh.connectTimeoutSeconds:
 * a host that is about to start is not waited for.
 *
 * @throws TransportError with the cause told apart: NO_ROUTE, NAME_UNKNOWN, CONNECTION_REFUSED, CONNECTION_TIMEOUT,
 *   HOST_KEY_MISMATCH, SSH_FAILED; RefusedError IDENTITY_UNPROVEN; CancelledError
 */
export async function lookAtHost(
  run: ServerRun,
  machine: Machine,
  signal: AbortSignal,
): Promise<void> {
  const { context, server } = run;
  const identity = await identityOf(context, server, machine, signal);
  const targets = portsOf(
    waysIn(context.stack, server, machine, context.records.get(server.name, machine.id), false),
  );
  run.step(
    `asking for the host key: ${targets.map(({ address, port }) => `${address} port ${port}`).join(", ")}`,
  );
  const scratch = await mkdtemp(join(tmpdir(), "bootmachine-look-"));
  try {
    const options = sshOptionsOf(context.stack, server, join(scratch, "known_hosts"));
    await pinHostKeys(options.knownHostsFile, options.hostKeyAlias, identity.keys);
    const ask = async (target: SshTarget, until: AbortSignal): Promise<readonly string[]> => {
      if (identity.keys.length === 0) return [await scanHostKey(target, options, until)];
      await proveHostKey(target, options, until);
      return identity.keys;
    };
    const keys = await firstAnswer(targets, ask, signal);
    if (identity.keys.length === 0) {
      run.note(
        "info",
        `shows the host key ${keys.map(fingerprint).join(", ")}; nothing proves it, and the first session will take it as its own (ssh.identity: first-use)`,
      );
      return;
    }
    run.emit({
      type: "identity",
      server: server.name,
      proof: identity.proof,
      fingerprints: keys.map(fingerprint),
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Who would log in makes no difference here. */
function portsOf(ways: readonly SshTarget[]): readonly SshTarget[] {
  return [...new Map(ways.map((way) => [`${way.address} ${way.port}`, way])).values()];
}

/** The first good answer ends the other questions. Another key than the pinned one is told before all other failures. */
async function firstAnswer<T>(
  targets: readonly SshTarget[],
  ask: (target: SshTarget, signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const rest = new AbortController();
  const until = AbortSignal.any([signal, rest.signal]);
  const asked = targets.map((target) => ask(target, until));
  try {
    return await Promise.any(asked);
  } catch (thrown) {
    if (signal.aborted) throw new CancelledError();
    if (!(thrown instanceof AggregateError)) throw thrown;
    const errors = thrown.errors.map(toBootmachineError);
    throw (
      errors.find(({ code }) => code === "HOST_KEY_MISMATCH") ??
      mostTelling(errors) ??
      new RefusedError("IDENTITY_UNPROVEN", "The host has no address.")
    );
  } finally {
    rest.abort();
    await Promise.allSettled(asked);
  }
}
