import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { firstAnswer } from "../host/first-answer.ts";
import { fingerprint, pinHostKeys } from "../host/known-hosts.ts";
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
  const ways = waysIn(
    context.stack,
    server,
    machine,
    context.records.get(server.name, machine.id),
    false,
  );
  const places = new Set(ways.map(({ address, port }) => `${address} port ${port}`));
  run.step(`asking for the host key: ${[...places].join(", ")}`);
  const scratch = await mkdtemp(join(tmpdir(), "bootmachine-look-"));
  try {
    const options = sshOptionsOf(context.stack, server, join(scratch, "known_hosts"));
    await pinHostKeys(options.knownHostsFile, options.hostKeyAlias, identity.keys);
    const ask = async (target: SshTarget, until: AbortSignal): Promise<readonly string[]> => {
      if (identity.keys.length === 0) return [await scanHostKey(target, options, until)];
      await proveHostKey(target, options, until);
      return identity.keys;
    };
    const keys = await firstAnswer(ways, ask, signal);
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
