import type { Configurator } from "../configurators/contract.ts";
import type { Distro, UpgradePolicy } from "../distros/contract.ts";
import type { ImageWish, Provider, SizeWish } from "../providers/contract.ts";
import type { Task } from "./task.ts";

/** A stack as the rest of the program sees it: checked, defaults filled in, `count` expanded. */
export interface Stack {
  /** Lower-case letters, digits and hyphens; 1-40 characters. */
  readonly name: string;
  /** The config file, absolute. */
  readonly configFile: string;
  /** The directory that holds `.bootmachine/`: the config file's own. */
  readonly directory: string;
  readonly provider: Provider;
  readonly configurator: Configurator;
  /** Distro plug-ins, the user's before the built-in ones. */
  readonly distros: readonly Distro[];
  /** The server on which the configurator's server side runs. */
  readonly master: string | undefined;
  readonly ssh: SshSettings;
  /** The name of the user whom the controller logs in as, once a server is secured. */
  readonly operator: string;
  /** Operator included. */
  readonly users: readonly User[];
  readonly groups: readonly Group[];
  readonly firewall: readonly Opening[];
  readonly locale: string;
  readonly timezone: string;
  readonly upgrades: Upgrades;
  /** In the order of the config; never empty. */
  readonly servers: readonly Server[];
  /** How many servers are worked on at once; 1-1000. */
  readonly concurrency: number;
  readonly tasks: Readonly<Record<string, Task>>;
  /** Set where this is a rehearsal of the stack on another provider; what is different then, one sentence each. */
  readonly rehearsal?: { readonly notes: readonly string[] };
}

export interface Server {
  /** A valid host name, unique in the stack. */
  readonly name: string;
  readonly roles: readonly string[];
  readonly image: ImageWish | undefined;
  readonly size: SizeWish | undefined;
  /** Name of the distro plug-in to use; undefined: by the host's own /etc/os-release. */
  readonly distro: string | undefined;
  /** Resolved: the stack's value, or the server's own. */
  readonly ssh: SshSettings;
  readonly locale: string;
  readonly timezone: string;
  readonly upgrades: Upgrades;
  /** Openings that apply to this server: the stack's (by role) and its own. */
  readonly firewall: readonly Opening[];
}

export interface SshSettings {
  /** The port on which sshd listens once the server is secured. */
  readonly port: number;
  /** Private key of the controller (or the .pub of a key in the agent), absolute; undefined: ssh and the agent decide. */
  readonly identityFile: string | undefined;
  /** The public key line that goes with it, for the first login; always known. */
  readonly publicKey: string;
  /** As ssh's -J. */
  readonly jumpHost: string | undefined;
  /** The user's ssh_config to honour: a path, "none", or undefined for ssh's default. */
  readonly configFile: string | undefined;
  /** Limit for one attempt to connect, ms. */
  readonly connectTimeoutMs: number;
  /** Limit for a new server to let us in, ms. */
  readonly readyTimeoutMs: number;
  /** Limit for one phase on one server, ms. */
  readonly phaseTimeoutMs: number;
  /** After this long without confirmation the host undoes the access change, ms. */
  readonly rollbackMs: number;
  /** The weakest proof of a host key that is accepted. */
  readonly identity: "proven" | "first-use";
}

export interface User {
  readonly name: string;
  readonly fullName: string | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly groups: readonly string[];
  readonly shell: string | undefined;
  /** authorized_keys lines; read from files where the config named files. */
  readonly keys: readonly string[];
  readonly sudo: "no" | "yes" | "nopasswd";
  /** crypt(3) hash, a secret; undefined: locked. */
  readonly passwordHash: string | undefined;
  /** An account that the configurator logs in with: its authorized_keys are the configurator's to write. */
  readonly hasToolKeys: boolean;
}

export interface Group {
  readonly name: string;
  readonly gid: number | undefined;
}

export interface Opening {
  readonly port: number | string;
  readonly protocol: "tcp" | "udp";
  /** "stack": the members' addresses, filled in at run time. */
  readonly from: "anywhere" | "stack" | readonly string[];
  /** Empty: every server. */
  readonly roles: readonly string[];
}

export interface Upgrades {
  /** What `prepare` brings up to date. */
  readonly atBoot: UpgradePolicy;
  /** What the host's own timer brings up to date from then on. */
  readonly automatic: UpgradePolicy;
  /** May `up` reboot a server that needs it? */
  readonly reboot: "if-needed" | "never";
}
