import type { HostFacts } from "../host/facts.ts";
import type { CommandResource, FirewallOpening, Resource } from "../program/resource.ts";
import type { ServerData } from "./server-data.ts";

export type { ServerData } from "./server-data.ts";

/**
 * The contract of a configurator: a configuration-management tool, as data. A configurator decides and never does: it
 * answers with resources, shell text and parsers, and the fleet carries them out over the proven channel.
 *
 * How a server goes through it:
 *
 * - phase `install`: `install()`, one program on the server.
 * - phase `enroll`: `enroll()`, steps on the server and on the master in turn; what one step reads, the next may use. Keys
 *   and fingerprints travel this way, so nothing is ever accepted on trust.
 * - phase `configure`: `trees()` are brought over, `configure()` resources are applied, then `run()` runs the tool.
 * - phase `verify`, and each look at a server that is there: `verify()`.
 */

/** A server as a configurator sees it. */
export interface Member {
  readonly server: string;
  readonly roles: readonly string[];
  readonly isMaster: boolean;
  /** In the provider's order; empty where there are none. */
  readonly publicAddresses: readonly string[];
  readonly privateAddresses: readonly string[];
  /** Where the other members reach it: a private address, or a public one where it has no others. */
  readonly address: string;
  readonly sshPort: number;
  /** The pinned host keys as `TYPE BASE64`; empty while they are not known. */
  readonly hostKeys: readonly string[];
}

/** One member with all that is known of it once it is connected. */
export interface ConnectedMember extends Member {
  readonly facts: HostFacts;
  /** The secure state of this server as data, for the tool's own files. */
  readonly data: ServerData;
}

export interface ConfiguratorContext {
  readonly stack: string;
  readonly operator: string;
  readonly member: ConnectedMember;
  /** All members whose address is known, this one included, in the order of the config. */
  readonly members: readonly Member[];
  /** Undefined where the stack has no master, or the master has no machine. */
  readonly master: Member | undefined;
  /** The operator's computer, for tools that run there. */
  readonly controller: {
    /** The config's own folder, absolute: from it the user's folders count. */
    readonly directory: string;
    /** The product's ssh_config, absolute: every member by its name, host keys pinned. It is there when the tool runs. */
    readonly sshConfigFile: string;
  };
}

/**
 * - `none`: nothing is installed; the phases install, enroll and configure are skipped.
 * - `agent`: an agent on each server, a server side on the master.
 * - `push`: the master, or the operator's computer, reaches the others by ssh.
 * - `solo`: each server applies by itself; the tree goes to each.
 */
export type Topology = "none" | "agent" | "push" | "solo";

/** What earlier steps have read, by name, without the final newline. */
export type Readings = Readonly<Record<string, string>>;

/**
 * One step of enrolling a member: a program on the member or on the master, and what is read there afterwards. Steps on one
 * host, of which all but the last read nothing, are looked at together, the first ones with the survey of the host: where all
 * is well they cost no round trip of their own.
 */
export interface Step {
  readonly on: "member" | "master";
  /** Shown to people: "pre-seeding the minion's key". */
  readonly title: string;
  /** May be asked for more than once in a run; the same readings give the same resources. */
  readonly resources: (readings: Readings) => readonly Resource[];
  /** Shell text, run as root after the resources, whose standard output (64 KiB at most) later steps get. Must change nothing. */
  readonly read?: { readonly name: string; readonly script: string };
}

/**
 * A file that a host needs before `install`, and may not be able to fetch itself: the operator's computer fetches it, holds
 * it against its checksum and puts it there.
 */
export interface Download {
  /** Shown to people: "Cinc's package". */
  readonly name: string;
  /** Absolute path on the host; root's alone. Its checksum, 64 hexadecimal digits, is written to the same path with ".sha256". */
  readonly remote: string;
  readonly source:
    | { readonly url: string; readonly sha256: string }
    /** On the operator's computer, counted from the config's folder. */
    | { readonly file: string; readonly sha256: string }
    /** An address whose answer says where the file is. `read` gives undefined where it does not. */
    | {
        readonly index: string;
        read(answer: string): { readonly url: string; readonly sha256: string } | undefined;
      };
  /** Shell text, run as root: exits 0 where the host has no use for the file, or can fetch it itself. Changes nothing. */
  readonly unless: string;
}

/** A folder of the user's, or one that the configurator renders, to be brought to a host as a whole. */
export interface Tree {
  /** Shown to people: "states". */
  readonly name: string;
  /** Folder on the operator's computer, counted from the config's folder; absent: rendered files only. */
  readonly local?: string;
  /** Rendered files, laid over the folder; paths are relative. */
  readonly files?: readonly {
    readonly path: string;
    readonly content: string;
    /** Octal; default "0644". */
    readonly mode?: string;
  }[];
  /** Absolute folder on the host; a link to the present revision, exchanged atomically. */
  readonly remote: string;
  /** `master`: once a run. `member`: to each server. `controller`: stays where it is, and counts as part of what is configured. */
  readonly on: "member" | "master" | "controller";
  /** Octal modes for files that hold secrets, by pattern as for `path.matchesGlob`; others get 0644, or 0755 where the user's own is executable. */
  readonly modes?: Readonly<Record<string, string>>;
  readonly owner?: string;
  readonly group?: string;
  /**
   * Brought in line on the host whenever the tree was brought there, changed or not: how the tool's own server takes the tree
   * in. Default: nothing; the tool reads the folder.
   */
  readonly taken?: readonly Resource[];
}

/** One run of the tool, for one member or for several. */
export interface ToolRun {
  /** `controller`: on the operator's computer, in a private folder that holds `files`. */
  readonly on: "member" | "master" | "controller";
  /** Shown to people: "salt-call state.apply". */
  readonly title: string;
  /**
   * POSIX shell text, run as root (on the controller: as the operator, in the private folder). What it prints is followed
   * live. Its machine-readable result belongs into the file named by $BM_RESULT, 0600, 16 MiB at most.
   */
  readonly script: string;
  /** For `controller` only. */
  readonly files?: readonly {
    readonly path: string;
    readonly content: string;
    readonly mode?: string;
  }[];
  /** Turns the tool's own result into reports, one for each member asked for. Never looks for prose. */
  parse(output: ToolOutput): readonly MemberReport[];
}

export interface ToolOutput {
  /** What was in $BM_RESULT; "" where nothing was written. */
  readonly result: string;
  readonly exitStatus: number;
  /** The last 200 lines of what was printed. */
  readonly output: readonly string[];
}

/** One change, or one thing looked at, in the tool's own words. */
export interface ToolChange {
  /** As the tool calls it: "file_|-motd_|-/etc/motd_|-managed", "File[/etc/motd]". Unique in its report. */
  readonly id: string;
  readonly status: "ok" | "changed" | "failed" | "skipped";
  readonly ms?: number;
  /** The tool's own reason. */
  readonly reason?: string;
  readonly diff?: readonly string[];
}

export interface MemberReport {
  readonly server: string;
  readonly changes: readonly ToolChange[];
  /** The tool could not run, or ended badly as a whole: its own words. */
  readonly failure?: string;
  /** Why the same run may succeed a little later ("another run is in progress"): it is tried again, with a limit. */
  readonly retry?: string;
  /** The tool, or the user's code in it, asks for a reboot. */
  readonly wantsReboot?: boolean;
}

/** A claim about the tool on one server that is looked at in every `up` and in `verify`. */
export interface ConfiguratorCheck {
  /** Unique in the configurator; shown as `configurator-ID`: "agent-running". */
  readonly id: string;
  /** The claim: "the minion runs and starts at boot". */
  readonly title: string;
  /** Only its `check` is run; what it prints is the reason when it fails. */
  readonly resource: CommandResource;
}

/** An agent as the master knows it. */
export interface Agent {
  /** The agent's id; the server's name where it is one of ours. */
  readonly id: string;
  readonly state: "accepted" | "waiting" | "rejected";
  readonly fingerprint?: string;
}

/** Something wrong with the options or the user's tree, found on the operator's computer before anything is touched. */
export interface ConfiguratorProblem {
  /** Path inside the configurator's options: ["states"]. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly hint?: string;
}

/** A role that the tool cannot have, found before anything is touched. */
export interface RoleProblem {
  readonly role: string;
  readonly message: string;
  readonly hint?: string;
}

/** A configuration-management tool, as data. A plain object from a factory, passed by value in the config. */
export interface Configurator {
  readonly kind: "configurator";
  readonly apiVersion: 1;
  readonly name: string;
  readonly topology: Topology;
  /** The stack must name a master; default: true for `agent`, false for the others. */
  readonly needsMaster?: boolean;
  /** Opened on the master, for the stack's members alone. */
  readonly masterPorts: readonly Pick<FirewallOpening, "port" | "protocol" | "comment">[];
  /** A server that says it has less is refused before anything is installed on it. MB; 0: whatever there is. */
  readonly minimumMemoryMb: { readonly master: number; readonly agent: number };
  /**
   * What the master needs, MB, of a tool that takes more of it for more servers; `members` is how many the stack has, the master
   * included. The larger of this and `minimumMemoryMb.master` counts. Default: the same for any number.
   */
  masterMemoryMb?(members: number): number;
  /**
   * Users that the tool logs in with, as part of the secure state; their keys are written in `enroll`. With the topology
   * "push" they come from the master, where there is one: its addresses are let in by ssh also where openings narrow that.
   */
  readonly accounts?: readonly { readonly name: string; readonly sudo: "no" | "nopasswd" }[];
  /** Roles that the options name, and where inside the options: one that no server has is told as a mistake. */
  readonly namedRoles?: readonly {
    readonly role: string;
    readonly path: readonly (string | number)[];
  }[];
  /** The folder of the starter kit, copied by `bootmachine init --configurator NAME`. */
  readonly starterKit?: URL;

  /** Looks at what the options name on the operator's computer, counted from the config's folder; changes nothing. */
  check?(directory: string): Promise<readonly ConfiguratorProblem[]>;
  /** Looks at the roles of the stack's servers, each given once; one that is refused is told at every server that has it. */
  checkRoles?(roles: readonly string[]): readonly RoleProblem[];
  /** Files that are brought to a member before `install`, where it needs them. */
  downloads?(context: ConfiguratorContext): readonly Download[];
  /** Everything that the tool needs on one member, the server side on the master included; no daemon may take part before it is enrolled. */
  install(context: ConfiguratorContext): readonly Resource[];
  /** How this member and the master come to know each other; empty: there is nothing to exchange. */
  enroll(context: ConfiguratorContext): readonly Step[];
  trees(context: ConfiguratorContext): readonly Tree[];
  /** What is applied before the tool runs, such as the member's data file on the master; `readings` is empty. */
  configure(context: ConfiguratorContext): readonly Step[];
  /**
   * The run of the tool. `on: "member"` is asked for one member at a time; otherwise once for all members that are
   * ready, whose contexts are given. Undefined: the tool has nothing to run.
   */
  run(members: readonly ConfiguratorContext[]): ToolRun | undefined;
  verify(context: ConfiguratorContext): readonly ConfiguratorCheck[];

  /** Shell text that lists the agents on the master, and how to read it. */
  readonly agents?: {
    readonly script: string;
    parse(text: string): readonly Agent[];
  };
  /**
   * Takes the trust in a server away, on the master; also for one that never enrolled, and for a stranger whose name is a host
   * name, with underscores: others are never asked for.
   */
  revoke?(server: string): readonly Resource[];
  /**
   * Takes a key away, on the master, by its fingerprint as `agents` shows it; for tools in which a stranger may call himself
   * anything. One that is accepted under the name of one of `members` stays.
   */
  revokeKey?(fingerprint: string, members: readonly string[]): readonly Resource[];
  /** Shell text that restarts the tool's daemons on a member; undefined where it has none. */
  restart?(member: Member): string | undefined;
}
