import type { Fleet, InventoryEntry } from "../fleet/fleet-contract.ts";
import { sshOptionsOf } from "../fleet/ways-in.ts";
import { renderSshConfig } from "../host/ssh-config.ts";

/** The ssh_config of the selected servers, in the same words as the product file. */
export function renderSshConfigOf(fleet: Fleet, entries: readonly InventoryEntry[]): string {
  return renderSshConfig(
    entries.flatMap((entry) => {
      const server = fleet.stack.servers.find(({ name }) => name === entry.server);
      if (server === undefined || entry.address === undefined) return [];
      return [
        {
          server: entry.server,
          roles: server.roles,
          address: entry.address,
          port: entry.port,
          user: entry.user,
          options: sshOptionsOf(fleet.stack, server, fleet.knownHostsFile),
        },
      ];
    }),
    { stack: fleet.stack.name },
  );
}
