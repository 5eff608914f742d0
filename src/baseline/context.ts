import type { Distro } from "../distros/contract.ts";
import type { HostFacts } from "../host/facts.ts";
import type { Server, Stack } from "../stack/stack.ts";

/** A member of the stack as the baseline sees it: a name and where it is reached. */
export interface BaselineMember {
  readonly name: string;
  readonly roles: readonly string[];
  readonly privateAddresses: readonly string[];
  readonly publicAddresses: readonly string[];
}

/** All that the secure state of one server is made from. */
export interface BaselineContext {
  readonly stack: Stack;
  readonly server: Server;
  readonly facts: HostFacts;
  readonly distro: Distro;
  /** All members whose addresses are known, this server included. */
  readonly members: readonly BaselineMember[];
  /** The way in that works now: the image's own, or that of an earlier run. */
  readonly arrivalPort: number;
  readonly arrivalUser: string;
}

/** Where the other members reach this one: its private addresses, or the public ones where it has no others. */
export function addressesAmongMembers(member: BaselineMember): readonly string[] {
  return member.privateAddresses.length > 0 ? member.privateAddresses : member.publicAddresses;
}

/** Every address from which a member of the stack may come. */
export function stackAddresses(context: BaselineContext): readonly string[] {
  return [
    ...new Set(
      context.members.flatMap((member) => [...member.privateAddresses, ...member.publicAddresses]),
    ),
  ];
}
