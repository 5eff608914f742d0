import type { ConfiguratorContext, Member } from "../../configurators/contract.ts";
import type { HostFacts } from "../../host/facts.ts";
import type { Server } from "../../stack/stack.ts";
import { applyResources } from "../apply-resources.ts";
import { type PhaseResult, resultOf, type ServerRun, SKIPPED } from "../server-run.ts";

/** The phases install, enroll and configure: one program of the configurator's own resources each. */
export async function runConfiguratorPhase(
  run: ServerRun,
  phase: "install" | "enroll" | "configure",
): Promise<PhaseResult> {
  const { stack, mode } = run.context;
  if (stack.configurator.topology === "none" || run.host === undefined) return SKIPPED;
  const resources = stack.configurator[phase](contextOf(run));
  if (resources.length === 0) return SKIPPED;
  return resultOf(
    await applyResources(run, resources, {
      title: phase,
      mode: mode === "plan" ? "check" : "apply",
    }),
  );
}

function contextOf(run: ServerRun): ConfiguratorContext {
  const { stack, addresses } = run.context;
  const members = stack.servers
    .filter((server) => addresses.machine(server.name) !== undefined)
    .map((server) =>
      memberOf(
        run,
        server,
        server.name === run.server.name ? run.connectedHost().facts : undefined,
      ),
    );
  const master = members.find(({ isMaster }) => isMaster);
  return {
    stack: stack.name,
    member: memberOf(run, run.server, run.connectedHost().facts),
    members,
    ...(master === undefined ? {} : { master }),
  };
}

function memberOf(run: ServerRun, server: Server, facts: HostFacts | undefined): Member {
  const machine = run.context.addresses.machine(server.name);
  const [publicAddress] = machine?.publicAddresses ?? [];
  const [privateAddress] = machine?.privateAddresses ?? [];
  return {
    server: server.name,
    roles: server.roles,
    isMaster: server.name === run.context.stack.master,
    ...(publicAddress === undefined ? {} : { publicAddress }),
    ...(privateAddress === undefined ? {} : { privateAddress }),
    ...(facts === undefined ? {} : { facts }),
  };
}
