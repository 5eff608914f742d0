import { renderSshConfig } from "../host/ssh-config.ts";
import type { RunContext } from "./run-context.ts";
import { securedWay, sshOptionsOf } from "./ways-in.ts";
import { writeAtomically } from "./write-atomically.ts";

/** Writes the product's ssh_config: every server whose address is known, by the way in that worked last. */
export async function writeSshConfig(
  context: Pick<RunContext, "stack" | "paths" | "records" | "addresses">,
): Promise<void> {
  const { stack, paths, records, addresses } = context;
  const entries = stack.servers.flatMap((server) => {
    const machine = addresses.machine(server.name);
    const [address] = machine?.publicAddresses ?? [];
    if (machine === undefined || address === undefined) return [];
    const way = records.get(server.name, machine.id)?.way;
    const target = { ...securedWay(stack, server, address), ...way };
    return [
      {
        server: server.name,
        roles: server.roles,
        address,
        port: target.port,
        user: target.user,
        options: sshOptionsOf(stack, server, paths.knownHosts),
      },
    ];
  });
  await writeAtomically(paths.sshConfig, renderSshConfig(entries, { stack: stack.name }));
}
