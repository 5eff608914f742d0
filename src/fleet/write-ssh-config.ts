import { renderSshConfig } from "../host/ssh-config.ts";
import type { RunContext } from "./run-context.ts";
import { likeliestWay, sshOptionsOf } from "./ways-in.ts";
import { writeAtomically } from "./write-atomically.ts";

/** Writes the product's ssh_config: every server whose address is known, by the way in that worked last. */
export async function writeSshConfig(
  context: Pick<RunContext, "stack" | "paths" | "records" | "addresses">,
): Promise<void> {
  const { stack, paths, records, addresses } = context;
  const entries = stack.servers.flatMap((server) => {
    const machine = addresses.machine(server.name);
    if (machine === undefined) return [];
    const record = records.get(server.name, machine.id);
    const way = likeliestWay(stack, server, machine, record);
    if (way === undefined) return [];
    return [
      {
        ...way,
        roles: server.roles,
        options: sshOptionsOf(stack, server, paths.knownHosts),
      },
    ];
  });
  await writeAtomically(paths.sshConfig, renderSshConfig(entries, { stack: stack.name }));
}
