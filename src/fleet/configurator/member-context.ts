import { addressesAmongMembers } from "../../baseline/context.ts";
import { serverData } from "../../baseline/server-data.ts";
import type { ConfiguratorContext, Member } from "../../configurators/contract.ts";
import type { RunContext } from "../run-context.ts";
import type { ServerRun } from "../server-run.ts";

/** A connected server as the configurator sees it, and the stack around it. */
export function contextOf(run: ServerRun): ConfiguratorContext {
  const { stack } = run.context;
  const baseline = run.baselineContext();
  const members = membersOf(run.context);
  const own = members.find(({ server }) => server === run.server.name);
  const target = run.connectedHost().target;
  return {
    stack: stack.name,
    operator: stack.operator,
    member: {
      // A server without an address of its own kind is still reached somehow: as we came.
      ...(own ?? memberOf(run.context, run.server.name, [target.address], [])),
      facts: baseline.facts,
      data: serverData(baseline),
    },
    members,
    master: members.find(({ isMaster }) => isMaster),
    controller: { directory: stack.directory, sshConfigFile: run.context.paths.sshConfig },
  };
}

/** All members whose addresses are known, in the order of the config. */
export function membersOf(context: RunContext): readonly Member[] {
  return context.addresses
    .members()
    .map((member) =>
      memberOf(context, member.name, member.publicAddresses, member.privateAddresses),
    );
}

function memberOf(
  { stack, addresses, records }: RunContext,
  name: string,
  publicAddresses: readonly string[],
  privateAddresses: readonly string[],
): Member {
  const server = stack.servers.find((each) => each.name === name);
  const machine = addresses.machine(name);
  const roles = server?.roles ?? [];
  const [address = ""] = addressesAmongMembers({ name, roles, publicAddresses, privateAddresses });
  return {
    server: name,
    roles,
    isMaster: name === stack.master,
    publicAddresses,
    privateAddresses,
    address,
    sshPort: server?.ssh.port ?? stack.ssh.port,
    hostKeys: machine === undefined ? [] : (records.get(name, machine.id)?.keys ?? []),
  };
}
