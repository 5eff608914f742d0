import { UserError } from "../errors/error.ts";
import type { Prerequisites } from "../providers/contract.ts";
import type { Server } from "../stack/stack.ts";
import {
  listAgents,
  masterToRevokeAt,
  pushTrees,
  restartAgents,
  revokeAgent,
  serversToPush,
} from "./configurator/daily-commands.ts";
import { destroyServers, findDestroyable } from "./destroy-stack.ts";
import type { ServerSummary } from "./events.ts";
import { FleetContexts } from "./fleet-contexts.ts";
import type { Fleet, FleetOptions } from "./fleet-contract.ts";
import { inRun, writeProducts } from "./in-run.ts";
import { proveIdentity } from "./phases/trust.ts";
import { readInventory } from "./read-inventory.ts";
import { readStatus } from "./read-status.ts";
import { rebootServers } from "./reboot-servers.ts";
import { providerContext } from "./run-context.ts";
import { runPhases } from "./run-phases.ts";
import { selectsEverything, selectServers, selectWithOrphans } from "./selection.ts";
import { likeliestWay, sshOptionsOf } from "./ways-in.ts";
import { onHosts, withTaskHosts } from "./with-hosts.ts";

/** The servers of one stack, as a whole. Does no I/O until a method is called. */
export function createFleet(options: FleetOptions): Fleet {
  const { stack } = options;
  const contexts = new FleetContexts(options);
  const { paths } = contexts;

  function serverNamed(name: string): Server {
    const [server] = selectServers(stack, { servers: [name], roles: [] });
    if (server === undefined)
      throw new UserError("SELECTION_EMPTY", `No server is called ${name}.`);
    return server;
  }

  return {
    stack,
    stateDirectory: paths.directory,
    knownHostsFile: paths.knownHosts,
    sshConfigFile: paths.sshConfig,

    async prerequisites(): Promise<Prerequisites> {
      const none: Prerequisites = { missing: [], packages: [], install: () => Promise.resolve() };
      return (
        (await stack.provider.prerequisites?.(
          providerContext({ stack, signal: options.signal }),
        )) ?? none
      );
    },

    async run(up) {
      return (await runPhases(contexts, up)).outcome;
    },

    async verify(selection) {
      const { result, outcome } = await runPhases(contexts, {
        selection,
        phases: ["trust", "verify"],
        mode: "apply",
        command: "verify",
        alwaysProve: true,
        readsOnly: true,
      });
      return { ...outcome, checks: result.checks };
    },

    async status(selection) {
      const context = await contexts.contextFor();
      const machines = await contexts.observe(context);
      const leftovers = await stack.provider.leftovers?.(providerContext(context));
      const selected = selectWithOrphans(stack, selection, machines.all, leftovers);
      return readStatus(context, selected, machines);
    },

    async destroyable(selection) {
      return findDestroyable(await contexts.contextFor(), selection);
    },

    async destroy(selection) {
      const found = await findDestroyable(await contexts.contextFor(), selection);
      const names = new Set([...found.machines, ...found.leftovers].map(({ server }) => server));
      const named = [...names].map((name) => ({ name }));
      const { result } = await inRun(
        contexts,
        "destroy",
        named,
        { locked: true, mode: "plan" },
        async (emit) => {
          const context = await contexts.contextFor(emit);
          const outcomes = await destroyServers(context, selection);
          // Nothing is left to log in to where all is gone, and its files are gone with it.
          const isAll =
            selectsEverything(selection) && outcomes.every(({ error }) => error === undefined);
          if (!isAll) await writeProducts(contexts, emit);
          return {
            outcomes,
            servers: outcomes.map((outcome): ServerSummary => ({
              server: outcome.server,
              roles: stack.servers.find(({ name }) => name === outcome.server)?.roles ?? [],
              outcome:
                outcome.error !== undefined ? "failed" : outcome.existed ? "changed" : "unchanged",
              ms: 0,
              changes: outcome.existed ? 1 : 0,
              failedChecks: 0,
            })),
          };
        },
      );
      return result.outcomes;
    },

    async reboot(selection, how) {
      const servers = selectServers(stack, selection);
      const { outcome } = await inRun(
        contexts,
        "reboot",
        servers,
        { locked: true, mode: "apply" },
        async (emit) => {
          const context = await contexts.contextFor(emit);
          return {
            servers: await rebootServers(context, servers, await contexts.observe(context), how),
          };
        },
      );
      return outcome;
    },

    async wayIn(name) {
      const server = serverNamed(name);
      const context = await contexts.contextFor();
      const machine = (await contexts.observe(context)).get(server.name);
      const target =
        machine === undefined
          ? undefined
          : likeliestWay(stack, server, machine, context.records.get(server.name, machine.id));
      if (machine === undefined || target === undefined) {
        throw new UserError("MACHINE_MISSING", `There is no machine for ${name} yet.`, {
          hint: "`bootmachine up` makes it.",
        });
      }
      await proveIdentity(context, server, machine, options.signal);
      const sshOptions = sshOptionsOf(stack, server, paths.knownHosts);
      return { target, options: sshOptions, argv: options.transport.command(target, sshOptions) };
    },

    onHosts: async (selection, work) => await onHosts(contexts, selection, work),

    withTaskHosts: async (selection, work) => await withTaskHosts(contexts, selection, work),

    inventory: async (selection) => await readInventory(contexts, selection),

    async agents() {
      return listAgents(await contexts.settledContext());
    },

    async revoke(agent) {
      const master = masterToRevokeAt(stack, agent);
      const { result, outcome } = await inRun(
        contexts,
        "configurator revoke",
        [master],
        { locked: true, mode: "apply" },
        async (emit) => ({
          servers: await revokeAgent(await contexts.settledContext(emit), master, agent),
        }),
      );
      return { ...outcome, existed: result.servers.some(({ changes }) => changes > 0) };
    },

    async restartAgents(selection) {
      const servers = selectServers(stack, selection);
      const { outcome } = await inRun(
        contexts,
        "configurator restart",
        servers,
        { locked: true, mode: "apply" },
        async (emit) => ({
          servers: await restartAgents(await contexts.settledContext(emit), servers),
        }),
      );
      return outcome;
    },

    async pushTrees(selection) {
      const selected = selectServers(stack, selection);
      const servers = serversToPush(stack, selected);
      const { result, outcome } = await inRun(
        contexts,
        "configurator push",
        servers,
        { locked: true, mode: "apply" },
        async (emit) => pushTrees(await contexts.settledContext(emit), servers, selected),
      );
      return { ...outcome, pushed: result.pushed };
    },

    images: () => stack.provider.images(providerContext({ stack, signal: options.signal })),
    sizes: () => stack.provider.sizes(providerContext({ stack, signal: options.signal })),

    async console(name) {
      const server = serverNamed(name);
      const machine = (await contexts.observe()).get(server.name);
      if (machine === undefined) {
        throw new UserError("MACHINE_MISSING", `There is no machine for ${name}.`, {
          hint: "`bootmachine up` makes it.",
        });
      }
      return stack.provider.console(machine, providerContext({ stack, signal: options.signal }));
    },
  };
}
