import type { Inlet } from "../providers/contract.ts";
import type { Opening, Stack } from "../stack/stack.ts";

/** Where sshd listens on a new machine. */
const FIRST_SSH_PORT = 22;

/**
 * What the provider's own firewall must let in to the stack's machines: the first login, every port that sshd
 * moves to, and the openings of all servers. The hosts' firewalls are the stricter ones, each by its own roles.
 */
export function inletsOf(stack: Stack): readonly Inlet[] {
  const inlets = [
    sshInlet(FIRST_SSH_PORT),
    ...stack.servers.flatMap(({ ssh, firewall }) => [
      // An opening for the ssh port says from where alone people may log in.
      ...(firewall.some((opening) => isFor(opening, ssh.port)) ? [] : [sshInlet(ssh.port)]),
      ...firewall.map(toInlet),
    ]),
  ];
  return [...new Map(inlets.map((inlet) => [JSON.stringify(inlet), inlet])).values()];
}

function sshInlet(port: number): Inlet {
  return { protocol: "tcp", fromPort: port, toPort: port, from: "anywhere" };
}

function isFor({ port, protocol }: Opening, sshPort: number): boolean {
  return protocol === "tcp" && String(port) === String(sshPort);
}

function toInlet({ port, protocol, from }: Opening): Inlet {
  const [first = 0, last = first] = String(port).split("-").map(Number);
  return { protocol, fromPort: first, toPort: last, from };
}
