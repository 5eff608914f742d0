import type { FleetContexts } from "./fleet-contexts.ts";
import type { InventoryEntry, Selection } from "./fleet-contract.ts";
import { selectServers } from "./selection.ts";
import { addressesOf } from "./ways-in.ts";

/** The members of the stack as other tools want to know them. */
export async function readInventory(
  contexts: FleetContexts,
  selection: Selection,
): Promise<readonly InventoryEntry[]> {
  const context = await contexts.contextFor();
  const { stack } = context;
  const machines = await contexts.observe(context);
  return selectServers(stack, selection).map((server) => {
    const machine = machines.get(server.name);
    const record = machine === undefined ? undefined : context.records.get(server.name, machine.id);
    const way = record?.way ?? { user: stack.operator, port: server.ssh.port };
    return {
      server: server.name,
      roles: server.roles,
      isMaster: server.name === stack.master,
      address: machine === undefined ? undefined : addressesOf(server, machine, record)[0],
      port: way.port,
      user: way.user,
      publicAddresses: machine?.publicAddresses ?? [],
      privateAddresses: machine?.privateAddresses ?? [],
      hostKeys: record?.keys ?? [],
      ...(server.ssh.jumpHost === undefined ? {} : { jumpHost: server.ssh.jumpHost }),
      ...(server.ssh.configFile === undefined ? {} : { configFile: server.ssh.configFile }),
    };
  });
}
