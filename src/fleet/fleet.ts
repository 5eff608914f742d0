import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import pLimit from "p-limit";

import { CancelledError, toBootmachineError, UserError } from "../errors/error.ts";
import type { Host } from "../host/host.ts";
import type { Machine, Prerequisites } from "../providers/contract.ts";
import type { Server } from "../stack/stack.ts";
import { createProbeBudget } from "../proof/port-scan.ts";
import { AddressBook } from "./address-book.ts";
import {
  listAgents,
  masterToRevokeAt,
  pushTrees,
  restartAgents,
  revokeAgent,
  serversToPush,
} from "./configurator/daily-commands.ts";
import { MasterHost } from "./configurator/master-host.ts";
import { Milestones } from "./configurator/milestones.ts";
import { SharedWork } from "./configurator/shared-work.ts";
import { connectHost } from "./connect-host.ts";
import { destroyServers, findDestroyable } from "./destroy-stack.ts";
import {
  type EventBody,
  type FleetEvent,
  type Phase,
  PHASES,
  type ServerSummary,
} from "./events.ts";
import type {
  Fleet,
  FleetOptions,
  InventoryEntry,
  RunOutcome,
  Selection,
  UpOptions,
} from "./fleet-contract.ts";
import { HostTurns } from "./host-turns.ts";
import { Journal, makeRunId, removeOldJournals } from "./journal.ts";
import { proveIdentity } from "./phases/trust.ts";
import { readStatus } from "./read-status.ts";
import { rebootServers } from "./reboot-servers.ts";
import { providerContext, type RunContext } from "./run-context.ts";
import { runStack, type StackRunResult } from "./run-stack.ts";
import { selectServers, selectWithOrphans } from "./selection.ts";
import { ServerRecords } from "./server-records.ts";
import { lockStack } from "./stack-lock.ts";
import { type StatePaths, statePathsOf } from "./state-paths.ts";
import { asTaskHost } from "./task-host.ts";
import { securedWay, sshOptionsOf } from "./ways-in.ts";
import { writeSshConfig } from "./write-ssh-config.ts";

/** Sockets that the port scans of one run may hold at once: well below the usual limit of open files that a process may raise itself to. */
const PROBES_AT_ONCE = 3000;

/** Phases that cannot do without a connection bring `trust` with them. */
const NEEDS_TRUST: ReadonlySet<Phase> = new Set(PHASES.filter((phase) => phase !== "boot"));

/** The servers of one stack, as a whole. Does no I/O until a method is called. */
export function createFleet(options: FleetOptions): Fleet {
  const { stack } = options;
  const paths = statePathsOf(stack, options.stateDirectory);
  const hardSignal = options.hardSignal ?? new AbortController().signal;

  async function contextFor(
    emit: (event: EventBody) => void,
    overrides: Partial<
      Pick<RunContext, "mode" | "phases" | "alwaysProve" | "paths" | "forceConfigure">
    > = {},
  ): Promise<RunContext> {
    return {
      stack,
      transport: options.transport,
      emit,
      signal: options.signal,
      hardSignal,
      mode: "apply",
      phases: new Set(PHASES),
      alwaysProve: false,
      paths,
      records: await ServerRecords.read(paths.records),
      addresses: new AddressBook(stack),
      probes: createProbeBudget(PROBES_AT_ONCE),
      who: options.who,
      turns: new HostTurns(),
      milestones: new Milestones(),
      master: new MasterHost(),
      shared: new SharedWork(stack.directory),
      forceConfigure: false,
      ...overrides,
    };
  }

  const emitOnly = (event: EventBody): void => options.onEvent(stamp(event));

  /** Journal, lock, first and last event, products: what every run has in common. */
  async function inRun<T extends { readonly servers: readonly ServerSummary[] }>(
    command: string,
    servers: readonly Pick<Server, "name">[],
    settings: { readonly locked: boolean; readonly mode: "apply" | "plan" },
    work: (emit: (event: EventBody) => void) => Promise<T>,
  ): Promise<{ readonly result: T; readonly outcome: RunOutcome }> {
    const lock = settings.locked ? await lockStack(paths.lock, options.who, command) : undefined;
    const runId = makeRunId(command, new Date());
    const journal = new Journal(paths.journals, runId);
    const began = performance.now();
    let toldFailure = false;
    const emit = (event: EventBody): void => {
      const stamped = stamp(event);
      journal.write(stamped);
      options.onEvent(stamped);
      if (journal.failure !== undefined && !toldFailure) {
        toldFailure = true;
        options.onEvent(
          stamp({
            type: "note",
            level: "warning",
            text: `No journal of this run: ${journal.failure}`,
          }),
        );
      }
    };
    emit({
      type: "run-started",
      runId,
      command,
      stack: stack.name,
      servers: servers.map(({ name }) => name),
      version: options.version,
    });
    try {
      const result = await work(emit);
      const outcome = outcomeOf(result.servers);
      const ms = Math.round(performance.now() - began);
      if (settings.mode === "apply") await writeProducts(emit);
      emit({ type: "run-ended", outcome, ms, servers: result.servers });
      await removeOldJournals(paths.journals).catch(() => undefined);
      return {
        result,
        outcome: { outcome, servers: result.servers, ms, journalFile: journal.file },
      };
    } catch (thrown) {
      const error = toBootmachineError(thrown);
      emit({ type: "error", error: error.toRecord() });
      emit({
        type: "run-ended",
        outcome: error.kind === "cancelled" ? "cancelled" : "failed",
        ms: Math.round(performance.now() - began),
        servers: [],
      });
      throw error;
    } finally {
      journal.close();
      await lock?.release();
    }
  }

  async function writeProducts(emit: (event: EventBody) => void): Promise<void> {
    try {
      await writeSshConfig(await settledContext(emitOnly));
    } catch (error) {
      emit({
        type: "note",
        level: "warning",
        text: `The ssh_config could not be written: ${error instanceof Error ? error.message : String(error)}`,
      });
    }
  }

  async function observe(
    context: Pick<RunContext, "stack" | "signal">,
  ): Promise<ReadonlyMap<string, Machine>> {
    const machines = await stack.provider.observe(providerContext(context));
    return new Map(machines.map((machine) => [machine.server, machine]));
  }

  /** For work on servers that are there: nobody waits for an address. */
  async function settledContext(emit: (event: EventBody) => void): Promise<RunContext> {
    const context = await contextFor(emit);
    const machines = await observe(context);
    for (const { name } of stack.servers) context.addresses.settle(name, machines.get(name));
    return context;
  }

  function serverNamed(name: string): Server {
    const [server] = selectServers(stack, { servers: [name], roles: [] });
    if (server === undefined)
      throw new UserError("SELECTION_EMPTY", `No server is called ${name}.`);
    return server;
  }

  async function runPhases(
    up: UpOptions,
  ): Promise<{ readonly result: StackRunResult; readonly outcome: RunOutcome }> {
    const servers = selectServers(stack, up.selection);
    const phases = new Set(up.phases ?? PHASES);
    if ([...phases].some((phase) => NEEDS_TRUST.has(phase))) phases.add("trust");
    // A plan writes nothing beside the config but its journal: what it pins lies in a directory of its own.
    const scratch =
      up.mode === "plan" ? await mkdtemp(join(tmpdir(), "bootmachine-plan-")) : undefined;
    try {
      return await inRun(
        up.command,
        servers,
        { locked: up.mode === "apply", mode: up.mode },
        async (emit) => {
          for (const text of stack.rehearsal?.notes ?? [])
            emit({ type: "note", level: "info", text });
          const scratchPaths: StatePaths | undefined =
            scratch === undefined
              ? undefined
              : { ...paths, knownHosts: join(scratch, "known_hosts") };
          const base = await contextFor(emit, {
            mode: up.mode,
            phases,
            alwaysProve: up.alwaysProve ?? false,
            forceConfigure: up.configure ?? false,
            ...(scratchPaths === undefined ? {} : { paths: scratchPaths }),
          });
          const context: RunContext =
            scratch === undefined
              ? base
              : {
                  ...base,
                  records: ServerRecords.copyTo(base.records, join(scratch, "servers.json")),
                };
          return runStack(context, servers, await observe(context));
        },
      );
    } finally {
      if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
    }
  }

  async function inventory(
    context: RunContext,
    selection: Selection,
  ): Promise<readonly InventoryEntry[]> {
    const machines = await observe(context);
    return selectServers(stack, selection).map((server) => {
      const machine = machines.get(server.name);
      const record =
        machine === undefined ? undefined : context.records.get(server.name, machine.id);
      const way = record?.way ?? { user: stack.operator, port: server.ssh.port };
      return {
        server: server.name,
        roles: server.roles,
        isMaster: server.name === stack.master,
        address: machine?.publicAddresses[0],
        port: way.port,
        user: way.user,
        publicAddresses: machine?.publicAddresses ?? [],
        privateAddresses: machine?.privateAddresses ?? [],
        hostKeys: record?.keys ?? [],
      };
    });
  }

  async function onHosts<T>(
    selection: Selection,
    work: (host: Host, machine: Machine) => Promise<T>,
  ): Promise<readonly { readonly server: string; readonly result?: T; readonly error?: Error }[]> {
    const servers = selectServers(stack, selection);
    const context = await contextFor(emitOnly);
    const machines = await observe(context);
    const queue = pLimit(stack.concurrency);
    return Promise.all(
      servers.map((server) =>
        queue(async () => {
          try {
            if (options.signal.aborted) throw new CancelledError();
            const machine = machines.get(server.name);
            const host = await connectHost(context, server, machine);
            try {
              return { server: server.name, result: await work(host, machine as Machine) };
            } finally {
              await host.close();
            }
          } catch (thrown) {
            const error = toBootmachineError(thrown);
            error.server ??= server.name;
            return { server: server.name, error };
          }
        }),
      ),
    );
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
      return (await runPhases(up)).outcome;
    },

    async verify(selection) {
      const { result, outcome } = await runPhases({
        selection,
        phases: ["trust", "verify"],
        mode: "apply",
        command: "verify",
        alwaysProve: true,
      });
      return { ...outcome, checks: result.checks };
    },

    async status(selection) {
      const context = await contextFor(emitOnly);
      const machines = await observe(context);
      const selected = selectWithOrphans(stack, selection, [...machines.values()]);
      return readStatus(context, selected, machines);
    },

    async destroyable(selection) {
      return findDestroyable(await contextFor(emitOnly), selection);
    },

    async destroy(selection) {
      const machines = await findDestroyable(await contextFor(emitOnly), selection);
      const named = machines.map(({ server }) => ({ name: server }));
      const { result } = await inRun(
        "destroy",
        named,
        { locked: true, mode: "plan" },
        async (emit) => {
          const context = await contextFor(emit);
          const outcomes = await destroyServers(context, selection);
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
        "reboot",
        servers,
        { locked: true, mode: "apply" },
        async (emit) => {
          const context = await contextFor(emit);
          return { servers: await rebootServers(context, servers, await observe(context), how) };
        },
      );
      return outcome;
    },

    async wayIn(name) {
      const server = serverNamed(name);
      const context = await contextFor(emitOnly);
      const machine = (await observe(context)).get(server.name);
      const address = machine?.publicAddresses[0];
      if (machine === undefined || address === undefined) {
        throw new UserError("SELECTION_EMPTY", `There is no machine for ${name} yet.`, {
          hint: "`bootmachine up` makes it.",
        });
      }
      await proveIdentity(context, server, machine, options.signal);
      const way = context.records.get(server.name, machine.id)?.way;
      const target = { ...securedWay(stack, server, address), ...way };
      const sshOptions = sshOptionsOf(stack, server, paths.knownHosts);
      return { target, options: sshOptions, argv: options.transport.command(target, sshOptions) };
    },

    onHosts,

    async withTaskHosts(selection, work) {
      const context = await contextFor(emitOnly);
      const machines = await observe(context);
      const servers = selectServers(stack, selection);
      const hosts: Host[] = [];
      try {
        const taskHosts = await Promise.all(
          servers.map(async (server) => {
            const machine = machines.get(server.name);
            const host = await connectHost(context, server, machine);
            hosts.push(host);
            return asTaskHost(host, machine as Machine, server.roles);
          }),
        );
        return await work(taskHosts);
      } finally {
        await Promise.all(hosts.map((host) => host.close()));
      }
    },

    async inventory(selection) {
      return inventory(await contextFor(emitOnly), selection);
    },

    async agents() {
      return listAgents(await settledContext(emitOnly));
    },

    async revoke(agent) {
      const master = masterToRevokeAt(stack, agent);
      const { result, outcome } = await inRun(
        "configurator revoke",
        [master],
        { locked: true, mode: "apply" },
        async (emit) => ({ servers: await revokeAgent(await settledContext(emit), master, agent) }),
      );
      return { ...outcome, existed: result.servers.some(({ changes }) => changes > 0) };
    },

    async restartAgents(selection) {
      const servers = selectServers(stack, selection);
      const { outcome } = await inRun(
        "configurator restart",
        servers,
        { locked: true, mode: "apply" },
        async (emit) => ({ servers: await restartAgents(await settledContext(emit), servers) }),
      );
      return outcome;
    },

    async pushTrees(selection) {
      const selected = selectServers(stack, selection);
      const servers = serversToPush(stack, selected);
      const { result, outcome } = await inRun(
        "configurator push",
        servers,
        { locked: true, mode: "apply" },
        async (emit) => pushTrees(await settledContext(emit), servers, selected),
      );
      return { ...outcome, pushed: result.pushed };
    },

    images: () => stack.provider.images(providerContext({ stack, signal: options.signal })),
    sizes: () => stack.provider.sizes(providerContext({ stack, signal: options.signal })),

    async console(name) {
      const server = serverNamed(name);
      const machine = (await observe({ stack, signal: options.signal })).get(server.name);
      if (machine === undefined) {
        throw new UserError("SELECTION_EMPTY", `There is no machine for ${name}.`, {
          hint: "`bootmachine up` makes it.",
        });
      }
      return stack.provider.console(machine, providerContext({ stack, signal: options.signal }));
    },
  };
}

function stamp(event: EventBody): FleetEvent {
  return { at: new Date().toISOString(), ...event };
}

function outcomeOf(servers: readonly ServerSummary[]): RunOutcome["outcome"] {
  if (servers.some(({ outcome }) => outcome === "failed")) return "failed";
  return servers.some(({ outcome }) => outcome === "cancelled") ? "cancelled" : "ok";
}
