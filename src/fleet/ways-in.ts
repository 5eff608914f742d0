import type { Machine } from "../providers/contract.ts";
import type { Server, Stack } from "../stack/stack.ts";
import type { SshOptions, SshTarget } from "../transport/contract.ts";
import { letsInBy, sshSourcesText } from "./inlets.ts";
import type { ServerRecord } from "./server-records.ts";

/** The name under which a server's key is pinned, whatever its address and port. */
export function hostKeyAlias(stack: string, server: string): string {
  return `${stack}.${server}`;
}

export function sshOptionsOf(stack: Stack, server: Server, knownHostsFile: string): SshOptions {
  const { identityFile, jumpHost, configFile, connectTimeoutMs } = server.ssh;
  const option = stack.provider.capabilities.hostKeyOption?.(server.name);
  return {
    knownHostsFile,
    hostKeyAlias: hostKeyAlias(stack.name, server.name),
    connectTimeoutMs,
    ...(option === undefined
      ? {}
      : {
          keyChangeHint: `Find out first why it changed, by a way that you trust: the host's console, or whoever runs it. If the new key is the host's own, put it under \`${option}\` in the config. Else somebody may be in between: do not go on.`,
        }),
    ...(identityFile === undefined ? {} : { identityFile }),
    ...(jumpHost === undefined ? {} : { jumpHost }),
    ...(configFile === undefined ? {} : { configFile }),
  };
}

/** The way in of a secured server. */
export function securedWay(stack: Stack, server: Server, address: string): SshTarget {
  return { server: server.name, address, port: server.ssh.port, user: stack.operator };
}

export function isSecuredWay(stack: Stack, server: Server, target: SshTarget): boolean {
  return target.user === stack.operator && target.port === server.ssh.port;
}

/** The declared way in, with from where it is open: where two texts are equal, a host that is on one way is on the other. */
export function declaredWayText(stack: Stack, server: Server): string {
  return `${stack.operator} on port ${server.ssh.port} from ${sshSourcesText(server)}`;
}

/**
 * A machine's addresses, the one first by which it was reached last: of several not each leads there from here. Those by which the
 * config lets nobody in come last: an access change that was begun there would be refused.
 */
export function addressesOf(
  server: Server,
  machine: Pick<Machine, "publicAddresses">,
  record: Pick<ServerRecord, "way"> | undefined,
): readonly string[] {
  const last = record?.way?.address;
  const rankOf = (address: string): number =>
    (letsInBy(server, address) ? 0 : 2) + (address === last ? 0 : 1);
  return machine.publicAddresses.toSorted((one, other) => rankOf(one) - rankOf(other));
}

/** The way in that worked last, or the declared one where none is known; undefined: no address is known. */
export function likeliestWay(
  stack: Stack,
  server: Server,
  machine: Machine,
  record: ServerRecord | undefined,
): SshTarget | undefined {
  const [address] = addressesOf(server, machine, record);
  if (address === undefined) return undefined;
  const declared = securedWay(stack, server, address);
  const { user, port } = record?.way ?? declared;
  return { ...declared, user, port };
}

/**
 * Every way in that may work, the likeliest first: a fresh machine has only its first login; one that was
 * here before is secured, or still has the way that worked last (the port was changed in the config), or
 * was left half-done.
 */
export function waysIn(
  stack: Stack,
  server: Server,
  machine: Machine,
  record: ServerRecord | undefined,
  isFresh: boolean,
): readonly SshTarget[] {
  const first = { user: machine.login.user, port: machine.login.port };
  const secured = { user: stack.operator, port: server.ssh.port };
  const ways = isFresh
    ? [first, secured]
    : [secured, ...(record?.way === undefined ? [] : [record.way]), first];
  const targets = addressesOf(server, machine, record).flatMap((address) =>
    ways.map((way): SshTarget => ({
      server: server.name,
      address,
      port: way.port,
      user: way.user,
    })),
  );
  const seen = new Set<string>();
  return targets.filter((target) => {
    const key = `${target.user}@${target.address}:${target.port}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
