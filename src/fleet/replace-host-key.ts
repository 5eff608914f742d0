import { RemoteError } from "../errors/error.ts";
import { fingerprint, pinHostKeys } from "../host/known-hosts.ts";
import type { Host } from "../host/host.ts";
import { quote } from "../program/quote.ts";
import type { HostIdentity, Machine } from "../providers/contract.ts";
import { providerContext } from "./run-context.ts";
import type { ServerRun } from "./server-run.ts";
import { hostKeyAlias } from "./ways-in.ts";

const SCRIPT_LIMIT_MS = 60_000;
const KEY_FILE = "/etc/ssh/ssh_host_ed25519_key";
const NEXT_FILE = `${KEY_FILE}.bootmachine-next`;

export interface Replacement {
  readonly run: ServerRun;
  readonly machine: Machine;
  /** As it was proved: the injected key first, then the one that an interrupted replacement was about to put there. */
  readonly injected: HostIdentity;
  /** Opens a new connection to the server. */
  readonly connect: () => Promise<Host>;
  readonly signal: AbortSignal;
}

/**
 * Replaces an injected host key by one that the host makes itself: whoever can read the machine's user-data has the
 * injected one.
 *
 * The new public half is read over the session that the old key has proved, and is known here and at the provider
 * before sshd shows it; so wherever this is interrupted, one of the known keys is shown, and the next run goes on.
 * The end is a new connection that only the new key can have answered.
 *
 * @throws RemoteError COMMAND_FAILED; what `connect` throws.
 */
export async function replaceHostKey(replacement: Replacement): Promise<void> {
  const { run, machine, injected, connect, signal } = replacement;
  const { context, server } = run;
  const old = injected.keys[0] ?? "";
  const { provider } = context.stack;
  const keep = async (identity: HostIdentity, isReplaced: boolean): Promise<void> => {
    const record = context.records.get(server.name, machine.id);
    await context.records.put(server.name, {
      machineId: machine.id,
      ...(record?.way === undefined ? {} : { way: record.way }),
      proof: identity.proof,
      keys: [...identity.keys],
      ...(isReplaced && provider.keepIdentity === undefined ? { isReplaced: true as const } : {}),
    });
    await provider.keepIdentity?.(machine, identity, providerContext(context, undefined, signal));
  };
  run.step("replacing the injected host key");
  const next = await askForKey(run.connectedHost(), old, signal);
  await keep({ proof: "injected", keys: [old, next] }, false);
  await change(run.connectedHost(), SWITCH, signal);
  const alias = hostKeyAlias(context.stack.name, server.name);
  await pinHostKeys(context.paths.knownHosts, alias, [next]);
  await run.close();
  run.host = await connect();
  const proof = provider.keepIdentity === undefined ? "injected" : "published";
  await keep({ proof, keys: [next] }, true);
  run.emit({ type: "identity", server: server.name, proof, fingerprints: [fingerprint(next)] });
}

/** The public half of the key that is about to be used, or is used already. */
async function askForKey(host: Host, old: string, signal: AbortSignal): Promise<string> {
  const answer = await change(host, askScript(old), signal);
  const key = /^ssh-ed25519 [A-Za-z0-9+/]+={0,2}$/m.exec(answer)?.[0];
  if (key !== undefined && key !== old) return key;
  throw new RemoteError("COMMAND_FAILED", "The host made no new key for itself.", {
    server: host.server,
    output: answer.split("\n").slice(-5),
  });
}

/** Makes a key beside the one in use, and prints its public half. One that was made before counts. */
function askScript(old: string): string {
  return `set -eu
umask 077
if [ "$(cut -d ' ' -f 1,2 ${KEY_FILE}.pub)" != ${quote(old)} ]; then
  # It was switched before: this is the one in use.
  cut -d ' ' -f 1,2 ${KEY_FILE}.pub
  exit 0
fi
if ! [ -s ${NEXT_FILE} ] || ! ssh-keygen -y -f ${NEXT_FILE} >/dev/null 2>&1; then
  rm -f ${NEXT_FILE} ${NEXT_FILE}.pub
  ssh-keygen -q -t ed25519 -N '' -C '' -f ${NEXT_FILE}
fi
ssh-keygen -y -f ${NEXT_FILE} | cut -d ' ' -f 1,2`;
}

/** Puts the next key into its place. sshd reads it again; where a socket starts sshd, each connection does. */
const SWITCH = `set -eu
umask 077
if [ -s ${NEXT_FILE} ]; then
  ssh-keygen -y -f ${NEXT_FILE} | cut -d ' ' -f 1,2 >${KEY_FILE}.pub
  chmod 0644 ${KEY_FILE}.pub
  mv -f ${NEXT_FILE} ${KEY_FILE}
  rm -f ${NEXT_FILE}.pub
  sync
fi
for bm_unit in ssh sshd; do
  if systemctl is-active --quiet $bm_unit.service 2>/dev/null; then systemctl reload $bm_unit.service; fi
done`;

async function change(host: Host, script: string, signal: AbortSignal): Promise<string> {
  const result = await host.run(script, { timeoutMs: SCRIPT_LIMIT_MS, signal });
  if (result.status === 0) return result.stdout;
  throw new RemoteError("COMMAND_FAILED", "The injected host key could not be replaced.", {
    server: host.server,
    exitStatus: result.status,
    output: `${result.stdout}${result.stderr}`.trimEnd().split("\n").slice(-5),
  });
}
