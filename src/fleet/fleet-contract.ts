import type { Agent } from "../configurators/contract.ts";
import type { Host } from "../host/host.ts";
import type { CheckResult } from "../proof/check.ts";
import type {
  ImageInfo,
  Leftover,
  Machine,
  Prerequisites,
  SizeInfo,
} from "../providers/contract.ts";
import type { Stack } from "../stack/stack.ts";
import type { TaskHost } from "../stack/task.ts";
import type { SshOptions, SshTarget, Transport } from "../transport/contract.ts";
import type { FleetEvent, Phase, ServerSummary } from "./events.ts";

/** Which servers a command is about. Empty lists select all. */
export interface Selection {
  /** Names or globs (`web*`), joined by "or". */
  readonly servers: readonly string[];
  /** Roles, joined by "or"; together with `servers`: both must hold. */
  readonly roles: readonly string[];
  /** Of `status` and `destroy`: only what bears our tags and the config names no more. Default false. */
  readonly orphansOnly?: boolean;
}

export interface FleetOptions {
  readonly stack: Stack;
  readonly transport: Transport;
  readonly version: string;
  /** Called synchronously, in order, for every event. */
  readonly onEvent: (event: FleetEvent) => void;
  /** First abort: start nothing new, finish or undo the step in hand. */
  readonly signal: AbortSignal;
  /** Second abort: stop at once. */
  readonly hardSignal?: AbortSignal;
  /** Where host keys, journals and the lock lie; default `DIRECTORY/.bootmachine/STACK`. */
  readonly stateDirectory?: string;
  /** Who runs this, for the lock: "ada@laptop". */
  readonly who: string;
}

export interface RunOutcome {
  readonly outcome: "ok" | "failed" | "cancelled";
  readonly servers: readonly ServerSummary[];
  readonly ms: number;
  /** The run's journal. */
  readonly journalFile: string;
}

export interface UpOptions {
  readonly selection: Selection;
  /** Default: all. They run in their own order whatever the order here. */
  readonly phases?: readonly Phase[];
  /** Plan: says what would change, and changes nothing. */
  readonly mode: "apply" | "plan";
  /** The command's name, for the journal: "up", "secure" … */
  readonly command: string;
  /** `up` proves from outside the servers that it changed; true proves all. */
  readonly alwaysProve?: boolean;
  /** Takes no lock and remembers nothing; a plan always. */
  readonly readsOnly?: boolean;
  /** Run the configuration-management tool also where nothing calls for it. */
  readonly configure?: boolean;
}

export interface ServerStatus {
  readonly server: string;
  readonly roles: readonly string[];
  readonly machine: Machine | undefined;
  /** The stack's tags name it, and the config does no more. */
  readonly isOrphan?: true;
  /** A second machine of the server, of a create whose answer was lost; the next `up` has it removed. */
  readonly isDuplicate?: true;
  /** What outlived its machine; absent where that is nothing. */
  readonly leftovers?: readonly Leftover[];
  /** How the machine's host key was proven; absent while it was not. */
  readonly proof?: string;
  /** Undefined: not asked, there is no machine. */
  readonly reach:
    | {
        readonly ok: true;
        readonly target: SshTarget;
        /** It lets us in by the declared way, and no access change is unfinished on it. */
        readonly isSecured: boolean;
        /**
         * An access change is unfinished: `armed`, a countdown runs that puts the old way back; `restoring`, it is being
         * put back. The old way may be open beside the new one. Absent: none is.
         */
        readonly accessChange?: "armed" | "restoring";
      }
    | {
        readonly ok: false;
        readonly target: SshTarget | undefined;
        readonly code: string;
        readonly message: string;
      }
    | undefined;
}

/** What `destroy` would remove. */
export interface Destroyable {
  readonly machines: readonly Machine[];
  /** What outlived machines that are gone. */
  readonly leftovers: readonly Leftover[];
}

export interface DestroyedServer {
  readonly server: string;
  readonly existed: boolean;
  /** The provider does not destroy: the machine runs on, and is known here no more. */
  readonly isForgotten?: true;
  readonly note?: string;
  readonly error?: string;
}

/** An agent that the master knows. */
export interface AgentStatus extends Agent {
  /** It is a server of the stack, by its name; all others are strangers, and so is a second key under an accepted one's name. */
  readonly isMember: boolean;
}

/** An agent by its name, or one who calls himself anything by his key, as `agents` shows it. */
export type RevokedAgent = string | { readonly fingerprint: string };

/** A tree that was brought to a host. Paths are relative to it. */
export interface PushedTree {
  /** The tree's own name: "states". */
  readonly tree: string;
  readonly server: string;
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** One member of the stack, for `inventory`. */
export interface InventoryEntry {
  readonly server: string;
  readonly roles: readonly string[];
  readonly isMaster: boolean;
  readonly address: string | undefined;
  readonly port: number;
  readonly user: string;
  readonly publicAddresses: readonly string[];
  readonly privateAddresses: readonly string[];
  readonly hostKeys: readonly string[];
  /** As in the config: the way leads through it. */
  readonly jumpHost?: string;
  /** As in the config: the ssh_config that is read; "none": no file is. */
  readonly configFile?: string;
}

/** The servers of one stack, as a whole. Every method emits events; none prints. */
export interface Fleet {
  readonly stack: Stack;
  readonly stateDirectory: string;
  /** The product files: pinned known_hosts and ssh_config. */
  readonly knownHostsFile: string;
  readonly sshConfigFile: string;
  prerequisites(): Promise<Prerequisites>;
  /** up, plan, and every single phase. Takes the stack's lock unless it reads only. */
  run(options: UpOptions): Promise<RunOutcome>;
  /**
   * The proof, from outside and inside, of all selected servers. Takes no lock, changes nothing, and is looked at from
   * outside also where nobody gets in.
   */
  verify(
    selection: Selection,
  ): Promise<RunOutcome & { readonly checks: ReadonlyMap<string, readonly CheckResult[]> }>;
  /** What the provider and each host say now. Orphans are among them where all servers are selected, or where they are named. */
  status(selection: Selection): Promise<readonly ServerStatus[]>;
  /** What `destroy` would remove, for the question to the user; orphans where all are selected, or where they are named. */
  destroyable(selection: Selection): Promise<Destroyable>;
  destroy(selection: Selection): Promise<readonly DestroyedServer[]>;
  /** Reboots through the host where it can be reached, else through the provider, and proves it. */
  reboot(selection: Selection, how: "soft" | "hard"): Promise<RunOutcome>;
  /** The way in to one server, for `ssh`: target, options and the argv. */
  wayIn(server: string): Promise<{
    readonly target: SshTarget;
    readonly options: SshOptions;
    readonly argv: readonly string[];
  }>;
  /** Calls `work` with each selected host, at most `concurrency` at once; one failure does not stop the others. */
  onHosts<T>(
    selection: Selection,
    work: (host: Host, machine: Machine) => Promise<T>,
  ): Promise<readonly { readonly server: string; readonly result?: T; readonly error?: Error }[]>;
  /** The selected hosts as a custom task sees them, then `work`, then they are closed. */
  withTaskHosts<T>(
    selection: Selection,
    work: (hosts: readonly TaskHost[]) => Promise<T>,
  ): Promise<T>;
  inventory(selection: Selection): Promise<readonly InventoryEntry[]>;
  /** The agents that the configurator's master knows. @throws RefusedError CAPABILITY_MISSING where there is no such list */
  agents(): Promise<readonly AgentStatus[]>;
  /**
   * Takes the trust in one agent away at the master; a stranger's too.
   *
   * @throws UserError USAGE for what is no name, or no fingerprint; RefusedError CAPABILITY_MISSING
   */
  revoke(agent: RevokedAgent): Promise<RunOutcome & { readonly existed: boolean }>;
  /** Restarts the tool's daemons, the master's first. */
  restartAgents(selection: Selection): Promise<RunOutcome>;
  /** Brings the trees to the master, and those of the members to the selected ones; runs nothing. */
  pushTrees(selection: Selection): Promise<RunOutcome & { readonly pushed: readonly PushedTree[] }>;
  images(): Promise<readonly ImageInfo[]>;
  sizes(): Promise<readonly SizeInfo[]>;
  console(server: string): Promise<string>;
}
