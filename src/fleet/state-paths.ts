import { join } from "node:path";

import type { Stack } from "../stack/stack.ts";

/**
 * Where a stack's files lie on the operator's computer. All of it can be made again: machines are found by
 * the provider's tags, and what was done is read from the hosts.
 */
export interface StatePaths {
  readonly directory: string;
  /** Product: the pinned host keys, strict. */
  readonly knownHosts: string;
  /** Product: `ssh -F … SERVER` works. */
  readonly sshConfig: string;
  /** Who works on the stack now. */
  readonly lock: string;
  /** What is known of each server: how its key was proven, the way in that worked last. */
  readonly records: string;
  /** One file for each server that has passed the whole proof since a run last touched it. */
  readonly proved: string;
  /** One JSON Lines file a run. */
  readonly journals: string;
}

export function statePathsOf(stack: Stack, directory?: string): StatePaths {
  // No stack's name has a dot: a rehearsal's files are never those of a stack.
  const name = stack.rehearsal === undefined ? stack.name : `${stack.name}.rehearsal`;
  const root = directory ?? join(stack.directory, ".bootmachine", name);
  return {
    directory: root,
    knownHosts: join(root, "known_hosts"),
    sshConfig: join(root, "ssh_config"),
    lock: join(root, "lock"),
    records: join(root, "servers.json"),
    proved: join(root, "proved"),
    journals: join(root, "journal"),
  };
}
