import { isIP } from "node:net";

import type { Inlet } from "../providers/contract.ts";
import { formatBlock, parseAddressBlock } from "../stack/address.ts";
import { pushingMaster } from "../stack/pushing-master.ts";
import type { Opening, Server, Stack } from "../stack/stack.ts";
import type { ServerRecords } from "./server-records.ts";
import type { StackMachines } from "./stack-machines.ts";

/** Where sshd listens on a new machine. */
const FIRST_SSH_PORT = 22;

/**
 * What the provider's own firewall must let in to the stack's machines once each is on its declared way: every declared ssh
 * port, the openings of all servers, and the master's ports for the members. The hosts' firewalls are the stricter ones, each
 * by its own roles.
 */
export function declaredInlets(stack: Stack): readonly Inlet[] {
  const narrowedSsh = pushingMaster(stack) === undefined ? [] : (["stack"] as const);
  return unique([
    ...stack.servers.flatMap(({ ssh, firewall }) => {
      const openings = firewall.map(toInlet);
      // An opening for the ssh port says from where alone people may log in; a master that pushes does it from the stack.
      const isNarrowed = openings.some((inlet) => isFor(inlet, ssh.port));
      const sources = isNarrowed ? narrowedSsh : (["anywhere"] as const);
      return [...sources.map((from) => sshInlet(ssh.port, from)), ...openings];
    }),
    ...masterInlets(stack),
  ]);
}

/**
 * What must come in besides while this run lasts: the first login of machines that are made or were left half-made, and the
 * ports on which hosts listen that are about to move to another.
 *
 * @param selected the servers that the run works on
 */
export function meanwhileInlets(
  stack: Stack,
  records: Pick<ServerRecords, "get">,
  observed: Pick<StackMachines, "get">,
  selected: readonly Server[],
): readonly Inlet[] {
  const names = new Set(selected.map(({ name }) => name));
  const ports = stack.servers.flatMap((server): readonly number[] => {
    const machine = observed.get(server.name);
    // A failed one may be replaced.
    const isThere = machine !== undefined && machine.status !== "failed";
    const way = isThere ? records.get(server.name, machine.id)?.way : undefined;
    // An unselected one may be the way to others; where nothing is known of it, what is open stays.
    if (way !== undefined) return way.port === server.ssh.port ? [] : [way.port];
    return names.has(server.name) ? [machine?.login.port ?? FIRST_SSH_PORT] : [];
  });
  return unique(ports.map((port) => sshInlet(port, "anywhere")));
}

/** From where people may log in to a server, as one text: equal texts are equal ways. */
export function sshSourcesText(server: Server): string {
  const sources = sshSources(server);
  return sources.length === 0 || sources.includes("anywhere")
    ? "anywhere"
    : [...new Set(sources)].toSorted().join(", ");
}

/** Whether the config lets anybody log in to the server by an address of this kind: where it names IPv4 blocks alone, nobody by IPv6. */
export function letsInBy(server: Server, address: string): boolean {
  const blocks = sshSources(server).filter((source) => source !== "stack");
  const family = isIP(address);
  return (
    blocks.length === 0 ||
    family === 0 ||
    blocks.some((block) => block === "anywhere" || isIP(block.split("/")[0] ?? "") === family)
  );
}

function sshSources({ ssh, firewall }: Server): readonly string[] {
  return firewall
    .map(toInlet)
    .filter((inlet) => isFor(inlet, ssh.port))
    .flatMap(({ from }) => (typeof from === "string" ? [from] : from));
}

function sshInlet(port: number, from: "anywhere" | "stack"): Inlet {
  return { protocol: "tcp", fromPort: port, toPort: port, from };
}

function isFor({ protocol, fromPort, toPort }: Inlet, sshPort: number): boolean {
  return protocol === "tcp" && fromPort <= sshPort && sshPort <= toPort;
}

function toInlet({ port, protocol, from }: Pick<Opening, "port" | "protocol" | "from">): Inlet {
  const [first = 0, last = first] = String(port).split("-").map(Number);
  return {
    protocol,
    fromPort: first,
    toPort: last,
    from: typeof from === "string" ? from : from.map(canonical),
  };
}

/** As clouds write it: a rule that is there must not look like another one. */
function canonical(block: string): string {
  const parsed = parseAddressBlock(block);
  return parsed.ok ? formatBlock(parsed.block) : block;
}

function masterInlets({ master, configurator, servers }: Stack): readonly Inlet[] {
  if (master === undefined || servers.length < 2) return [];
  return configurator.masterPorts.map(({ port, protocol }) =>
    toInlet({ port, protocol, from: "stack" }),
  );
}

function unique(inlets: readonly Inlet[]): readonly Inlet[] {
  return [...new Map(inlets.map((inlet) => [JSON.stringify(inlet), inlet])).values()];
}
