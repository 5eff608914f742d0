import type { Inlet } from "../providers/contract.ts";
import { pushingMaster } from "../stack/pushing-master.ts";
import type { Opening, Stack } from "../stack/stack.ts";

/** Where sshd listens on a new machine. */
const FIRST_SSH_PORT = 22;

/**
 * What the provider's own firewall must let in to the stack's machines: the first login, every port that sshd
 * moves to, and the openings of all servers. The hosts' firewalls are the stricter ones, each by its own roles.
 */
export function inletsOf(stack: Stack): readonly Inlet[] {
  const narrowedSsh = pushingMaster(stack) === undefined ? [] : (["stack"] as const);
  const inlets = [
    sshInlet(FIRST_SSH_PORT, "anywhere"),
    ...stack.servers.flatMap(({ ssh, firewall }) => [
      // An opening for the ssh port says from where alone people may log in; a master that pushes does it from the stack.
      ...(firewall.some((opening) => isFor(opening, ssh.port))
        ? narrowedSsh
        : ["anywhere" as const]
      ).map((from) => sshInlet(ssh.port, from)),
      ...firewall.map(toInlet),
    ]),
  ];
  return [...new Map(inlets.map((inlet) => [JSON.stringify(inlet), inlet])).values()];
}

function sshInlet(port: number, from: "anywhere" | "stack"): Inlet {
  return { protocol: "tcp", fromPort: port, toPort: port, from };
}

function isFor({ port, protocol }: Opening, sshPort: number): boolean {
  return protocol === "tcp" && String(port) === String(sshPort);
}

function toInlet({ port, protocol, from }: Opening): Inlet {
  const [first = 0, last = first] = String(port).split("-").map(Number);
  return { protocol, fromPort: first, toPort: last, from };
}
