/**
 * For users: what a config imports, and the same work that the command line does, as functions.
 *
 * Every run of the command line loads this module through the config, so it loads the parts that only
 * programs need (the fleet, the way over ssh) when they are called.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { FleetEvent } from "./fleet/events.ts";
import type { Fleet, FleetOptions, RunOutcome, Selection } from "./fleet/fleet-contract.ts";
import type { Environment } from "./stack/environment.ts";
import type { Stack } from "./stack/stack.ts";

export { ansible } from "./configurators/ansible/ansible.ts";
export { chef } from "./configurators/chef/chef.ts";
export { none } from "./configurators/none.ts";
export { puppet } from "./configurators/puppet/puppet.ts";
export { script } from "./configurators/script/script.ts";
export { salt } from "./configurators/salt/salt.ts";
export { debian } from "./distros/debian.ts";
export {
  BootmachineError,
  CancelledError,
  ComputerError,
  InternalError,
  ProviderError,
  RefusedError,
  RemoteError,
  TimeoutError,
  TransportError,
  UserError,
} from "./errors/error.ts";
export { ec2 } from "./providers/ec2/ec2.ts";
export { existing } from "./providers/existing/existing.ts";
export { local } from "./providers/local/local.ts";
export { openstack } from "./providers/openstack/openstack.ts";
export { rackspace } from "./providers/openstack/rackspace.ts";
export { defineStack } from "./stack/define-stack.ts";
export { env } from "./stack/environment.ts";
export { formatProblems } from "./stack/problem.ts";

export type { Configurator } from "./configurators/contract.ts";
export type { Distro } from "./distros/contract.ts";
export type { ErrorCode } from "./errors/codes.ts";
export type { ErrorRecord, ProblemRecord } from "./errors/error.ts";
export type { FleetEvent, Phase, PhaseOutcome, ServerSummary } from "./fleet/events.ts";
export type {
  Destroyable,
  DestroyedServer,
  Fleet,
  InventoryEntry,
  RunOutcome,
  Selection,
  ServerStatus,
} from "./fleet/fleet-contract.ts";
export type { CheckResult } from "./proof/check.ts";
export type { ImageWish, Machine, Provider, SizeWish } from "./providers/contract.ts";
export type { Stack } from "./stack/stack.ts";
export type { StackInput } from "./stack/stack-input.ts";
export type { Task, TaskContext, TaskFunction, TaskHost } from "./stack/task.ts";

export interface LoadOptions {
  /** Where the search for a config begins, absolute. */
  readonly cwd: string;
  /** The config file; default: `bootmachine.config.*` in `cwd` or above. */
  readonly configPath?: string;
  /** The environment that the config may read: `process.env`. */
  readonly env: Environment;
}

/**
 * Reads and checks a config.
 *
 * @throws UserError CONFIG_NOT_FOUND, CONFIG_UNREADABLE, CONFIG_CODE_FAILED, CONFIG_INVALID (with all problems), KEY_UNUSABLE
 */
export async function loadStack(options: LoadOptions): Promise<Stack> {
  const [load, { BUILTINS }, { readAgentKeys }] = await Promise.all([
    import("./stack/load-stack.ts"),
    import("./builtins.ts"),
    import("./transport/agent-keys.ts"),
  ]);
  return load.loadStack({
    ...options,
    plugins: BUILTINS,
    agentKeys: () => readAgentKeys(options.env["SSH_AUTH_SOCK"]),
  });
}

export interface OpenFleetOptions extends Partial<Omit<FleetOptions, "stack">> {
  readonly stack: Stack;
}

/** The servers of one stack, as a whole, reached by OpenSSH. Does nothing until one of its methods is called. */
export async function createFleet(options: OpenFleetOptions): Promise<Fleet> {
  const [fleet, { openSsh }, { readVersion }] = await Promise.all([
    import("./fleet/fleet.ts"),
    import("./transport/open-ssh.ts"),
    import("./version.ts"),
  ]);
  return fleet.createFleet({
    transport: openSsh({ controlDirectory: join(tmpdir(), `bootmachine-${process.pid}`) }),
    version: readVersion(),
    onEvent: () => undefined,
    signal: new AbortController().signal,
    who: "a program",
    ...options,
  });
}

export interface UpConvenienceOptions extends LoadOptions {
  /** Default: all servers. */
  readonly selection?: Selection;
  readonly onEvent?: (event: FleetEvent) => void;
  readonly signal?: AbortSignal;
}

const EVERYTHING: Selection = { servers: [], roles: [] };

/** Loads the config and brings the stack up, as `bootmachine up` does. What fails on a server is in the outcome. */
export async function up(options: UpConvenienceOptions): Promise<RunOutcome> {
  return runAll(options, "apply", "up");
}

/** Loads the config and finds out what `up` would change. The changes are in the events; nothing is changed. */
export async function plan(options: UpConvenienceOptions): Promise<RunOutcome> {
  return runAll(options, "plan", "plan");
}

async function runAll(
  options: UpConvenienceOptions,
  mode: "apply" | "plan",
  command: string,
): Promise<RunOutcome> {
  const { selection = EVERYTHING, onEvent, signal, ...load } = options;
  const fleet = await createFleet({
    stack: await loadStack(load),
    ...(onEvent === undefined ? {} : { onEvent }),
    ...(signal === undefined ? {} : { signal }),
  });
  return fleet.run({ selection, mode, command });
}
