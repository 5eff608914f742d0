import type { HostFacts } from "../host/facts.ts";
import type { FirewallOpening, Resource } from "../program/resource.ts";

/** A server as a configurator sees it. */
export interface Member {
  readonly server: string;
  readonly roles: readonly string[];
  readonly isMaster: boolean;
  readonly publicAddress?: string;
  readonly privateAddress?: string;
  readonly facts?: HostFacts;
}

export interface ConfiguratorContext {
  readonly stack: string;
  readonly member: Member;
  /** All members whose address is known, this one included. */
  readonly members: readonly Member[];
  readonly master?: Member;
}

/**
 * - `none`: nothing is installed; the phases install, enroll and configure are skipped.
 * - `agent`: an agent on each server, a server side on the master.
 * - `push`: the master, or the operator's computer, reaches the others by ssh.
 * - `solo`: each server applies by itself.
 */
export type Topology = "none" | "agent" | "push" | "solo";

/** A configuration-management tool, as data. A plain object from a factory, passed by value in the config. */
export interface Configurator {
  readonly kind: "configurator";
  readonly apiVersion: 1;
  readonly name: string;
  readonly topology: Topology;
  /** Opened on the master, for the stack's members alone. */
  readonly masterPorts: readonly Pick<FirewallOpening, "port" | "protocol" | "comment">[];
  /** A plan that cannot work is refused. */
  readonly minimumMemoryMb: { readonly master: number; readonly agent: number };
  /** The resources of each phase for one member; an empty list skips the phase on it. */
  install(context: ConfiguratorContext): readonly Resource[];
  enroll(context: ConfiguratorContext): readonly Resource[];
  configure(context: ConfiguratorContext): readonly Resource[];
}
