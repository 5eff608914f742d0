import type { Configurator } from "../configurators/contract.ts";
import type { Distro } from "../distros/contract.ts";
import type { ImageWish, Provider, SizeWish } from "../providers/contract.ts";
import type { Task, TaskFunction } from "./task.ts";

// The user's own types, written out so that an editor shows them plainly. `schema.ts` validates the same;
// test/unit/stack/input-and-schema.test.ts holds the two together: types, words, defaults and costs.

/** A firewall opening of one server. */
export interface ServerOpeningInput {
  /**
   * The port, 1-65535, or a range such as "6000-6010". Change: The rule set of every server that
   * it applies to is replaced; connections stay.
   */
  readonly port: number | string;
  /** The protocol. Default: "tcp". */
  readonly protocol?: "tcp" | "udp" | undefined;
  /**
   * Who may come in: "anywhere", "stack" (the members' addresses), or a list of IPv4 and IPv6
   * addresses and CIDR blocks.
   */
  readonly from: "anywhere" | "stack" | readonly string[];
}

/** A firewall opening. */
export interface OpeningInput extends ServerOpeningInput {
  /** Only on servers with one of these roles. Default: every server. */
  readonly roles?: readonly string[] | undefined;
}

/** How servers are kept up to date. */
export interface UpgradesInput {
  /**
   * Which packages the phase prepare brings up to date. Default: "all". Change: The next `up`
   * brings up to date what is pending; "all" may restart services.
   */
  readonly atBoot?: "all" | "security" | "none" | undefined;
  /**
   * Which packages the host's own timer brings up to date from then on. Default: "security".
   * Change: A setting on every server.
   */
  readonly automatic?: "all" | "security" | "none" | undefined;
  /**
   * Whether `up` may reboot a server whose changes need it. Default: "if-needed". Change: Nothing
   * by itself.
   */
  readonly reboot?: "if-needed" | "never" | undefined;
}

/** The ssh settings that one server may have for itself. */
export interface ServerSshInput {
  /**
   * The port on which sshd listens once the server is secured, 1-65535. 22 needs `allowPort22` as
   * well. The firewall opens it by itself. Default: the stack's. Change: An access change on every
   * server: the new port is proved before the old one closes.
   */
  readonly port?: number | undefined;
  /**
   * Says that port 22 is meant. Another port keeps most of the noise out of the logs; it is no
   * protection by itself. Default: the stack's. Change: Nothing by itself.
   */
  readonly allowPort22?: boolean | undefined;
  /**
   * Hosts to go through, as for ssh -J: `user@host:port`, several with commas. Default: the
   * stack's. Change: Nothing on the servers.
   */
  readonly jumpHost?: string | undefined;
  /**
   * Limit for one attempt to connect, in seconds, 1-600. Default: the stack's. Change: Nothing on
   * the servers.
   */
  readonly connectTimeoutSeconds?: number | undefined;
  /**
   * Limit for a new server to let us in, in seconds, 1-7200. Default: the stack's. Change: Nothing
   * on the servers.
   */
  readonly readyTimeoutSeconds?: number | undefined;
  /**
   * Limit for one phase on one server, in seconds, 10-86400. Default: the stack's. Change: Nothing
   * on the servers.
   */
  readonly phaseTimeoutSeconds?: number | undefined;
  /**
   * After this many seconds without confirmation a host undoes an access change by itself,
   * 10-3600. Default: the stack's. Change: Nothing; it counts from the next access change on.
   */
  readonly rollbackSeconds?: number | undefined;
  /**
   * The weakest proof of a host key that is accepted. "first-use" trusts the key that the server
   * shows the first time: somebody in between could show theirs. Default: the stack's. Change:
   * Nothing; it counts for servers whose key is not known yet.
   */
  readonly identity?: "proven" | "first-use" | undefined;
}

/** How the servers are reached. */
export interface SshInput {
  /**
   * The port on which sshd listens once the server is secured, 1-65535. 22 needs `allowPort22` as
   * well. The firewall opens it by itself. Default: 2849. Change: An access change on every
   * server: the new port is proved before the old one closes.
   */
  readonly port?: number | undefined;
  /**
   * Says that port 22 is meant. Another port keeps most of the noise out of the logs; it is no
   * protection by itself. Default: false. Change: Nothing by itself.
   */
  readonly allowPort22?: boolean | undefined;
  /**
   * The controller's private key file, or the .pub file of a key in ssh-agent; `~` and paths
   * relative to the config file are understood. The operator must have its public half among the
   * keys. One with a passphrase must be in ssh-agent as well: nobody is asked. Default: one of the
   * agent's keys, or a default key in ~/.ssh, that the operator has. Change: Nothing by itself: the
   * key must be among the operator's.
   */
  readonly identityFile?: string | undefined;
  /**
   * Which of the agent's keys to use, as a public key line or a .pub file, where there are
   * several; with `identityFile`, the public half that belongs to it. Default: found from
   * `identityFile` or the agent. Change: Nothing by itself: the key must be among the operator's.
   */
  readonly publicKey?: string | undefined;
  /**
   * Hosts to go through, as for ssh -J: `user@host:port`, several with commas. Default: none.
   * Change: Nothing on the servers.
   */
  readonly jumpHost?: string | undefined;
  /**
   * The ssh_config to honour: a path, or "none". Default: ssh's own default. Change: Nothing on
   * the servers.
   */
  readonly configFile?: string | undefined;
  /**
   * Limit for one attempt to connect, in seconds, 1-600. Default: 10. Change: Nothing on the
   * servers.
   */
  readonly connectTimeoutSeconds?: number | undefined;
  /**
   * Limit for a new server to let us in, in seconds, 1-7200. Default: 300. Change: Nothing on the
   * servers.
   */
  readonly readyTimeoutSeconds?: number | undefined;
  /**
   * Limit for one phase on one server, in seconds, 10-86400. Default: 1800. Change: Nothing on the
   * servers.
   */
  readonly phaseTimeoutSeconds?: number | undefined;
  /**
   * After this many seconds without confirmation a host undoes an access change by itself,
   * 10-3600. Default: 120. Change: Nothing; it counts from the next access change on.
   */
  readonly rollbackSeconds?: number | undefined;
  /**
   * The weakest proof of a host key that is accepted. "first-use" trusts the key that the server
   * shows the first time: somebody in between could show theirs. Default: "proven". Change:
   * Nothing; it counts for servers whose key is not known yet.
   */
  readonly identity?: "proven" | "first-use" | undefined;
}

/** Public keys that stand in a file. */
export interface KeyFileInput {
  /**
   * A .pub or authorized_keys file; every key in it counts. `~` and paths relative to the config
   * file are understood.
   */
  readonly file: string;
}

/** An account that every server gets. */
export interface UserInput {
  /**
   * The account's name: lower-case letters, digits, hyphens and underscores, 32 at most. Change: A
   * new name is a new account; the old one stays on the servers until removed by hand.
   */
  readonly name: string;
  /** The full name, for people. Default: none. Change: The account is changed. */
  readonly fullName?: string | undefined;
  /**
   * The numeric user id, 100-4294967293. Unique in the stack. Default: the host chooses. Change:
   * The account is changed; files outside the home directory keep the old number.
   */
  readonly uid?: number | undefined;
  /**
   * The numeric id of the user's primary group, 100-4294967293: its own group, or one of `groups`
   * with that gid. Default: a group of the user's own name, its number chosen by the host. Change:
   * The account is changed; files outside the home directory keep the old number.
   */
  readonly gid?: number | undefined;
  /**
   * Further groups the user is in: names of the stack's `groups`, or groups that every host has,
   * such as adm. Default: none. Change: Groups are added; a group taken out of the list is left as
   * it is on the servers.
   */
  readonly groups?: readonly string[] | undefined;
  /**
   * The login shell, an absolute path. Default: the distro's, mostly /bin/bash. Change: The
   * account is changed.
   */
  readonly shell?: string | undefined;
  /**
   * Public keys that may log in: authorized_keys lines, paths of .pub files, or { file }. Keys on
   * a server that are not in the list are removed. Default: none: the user cannot log in. Change:
   * authorized_keys is replaced on every server.
   */
  readonly keys?: readonly (string | KeyFileInput)[] | undefined;
  /**
   * Whether the user may become root: "no"; "yes" with the password (needs `passwordHash`);
   * "nopasswd" without one. Default: "no". Change: The sudo rule is changed on every server.
   */
  readonly sudo?: "no" | "yes" | "nopasswd" | undefined;
  /**
   * crypt(3) hash of the password for sudo, a secret: give it by an environment variable. ssh
   * never takes passwords. Default: none: the password is locked. Change: The password is set on
   * every server.
   */
  readonly passwordHash?: string | undefined;
}

/** A group that every server gets. */
export interface GroupInput {
  /**
   * The group's name: lower-case letters, digits, hyphens and underscores, 32 at most. Change: A
   * new name is a new group; the old one stays on the servers.
   */
  readonly name: string;
  /**
   * The numeric group id, 100-4294967293. Unique in the stack. Default: the host chooses. Change:
   * The group is changed; files keep the old number.
   */
  readonly gid?: number | undefined;
}

/** One server, or with `count` many alike. */
export interface ServerInput {
  /**
   * The server's name and host name: lower-case letters, digits and hyphens, 63 at most, unique in
   * the stack. With `count`, a number is put behind it, or in place of "{n}". Change: A new name
   * is a new server; the machine of the old name stays until `destroy`.
   */
  readonly name: string;
  /**
   * Makes that many alike, 1-1000: "web" with 3 gives web1, web2 and web3. Default: one server,
   * without a number. Change: More: new servers are booted. Fewer: the machines left over stay
   * until `destroy`.
   */
  readonly count?: number | undefined;
  /**
   * Free labels: they choose firewall openings and become grains, facts, attributes and inventory
   * groups. Default: none. Change: Openings and the configurator's data of the server change.
   */
  readonly roles?: readonly string[] | undefined;
  /**
   * The provider's name of the image, or `{ distro: "debian-13" }`: the newest image of that
   * distro. `bootmachine images` lists both. Default: the provider's. Change: Counts for new
   * machines: destroy and boot the server to have it.
   */
  readonly image?: ImageWish | undefined;
  /**
   * The provider's name of the size, or `{ cpus: 2, memoryGb: 4 }`, and `diskGb` if you like: the
   * smallest size that has all of it. `bootmachine sizes` lists them. Default: the provider's.
   * Change: Counts for new machines: destroy and boot the server to have it.
   */
  readonly size?: SizeWish | undefined;
  /**
   * The name of the distro plug-in to use. Default: by what the host says of itself in
   * /etc/os-release. Change: Nothing by itself.
   */
  readonly distro?: string | undefined;
  /** ssh settings that differ for this server. Default: the stack's. */
  readonly ssh?: ServerSshInput | undefined;
  /**
   * The system locale, such as "C.UTF-8" or "en_GB.UTF-8". Default: the stack's. Change: A setting
   * on every server; running programs keep the old one until they start again.
   */
  readonly locale?: string | undefined;
  /**
   * The time zone, such as "Etc/UTC" or "Europe/Berlin". Default: the stack's. Change: A setting
   * on every server; running programs keep the old one until they start again.
   */
  readonly timezone?: string | undefined;
  /** Upgrade settings that differ for this server. Default: the stack's. */
  readonly upgrades?: UpgradesInput | undefined;
  /** Openings of this server alone, beside the stack's. Default: none. */
  readonly firewall?: readonly ServerOpeningInput[] | undefined;
}

/** What a config file declares. Every option that may be left out may also be undefined. */
export interface StackInput {
  /**
   * The stack's name: lower-case letters, digits and hyphens, 40 at most. It is part of every tag
   * at the provider. Change: A new name is a new stack: the machines of the old one are no longer
   * seen. Destroy them first.
   */
  readonly name: string;
  /**
   * Where the machines come from. Change: The machines of the old provider are no longer seen.
   * Destroy them first.
   */
  readonly provider: Provider;
  /**
   * The configuration-management tool that takes over. Default: none. Change: The tool is
   * installed; an old one is left as it is.
   */
  readonly configurator?: Configurator | undefined;
  /**
   * Distro plug-ins of your own; they come before the built-in ones. Default: the built-in ones.
   * Change: Nothing by itself.
   */
  readonly distros?: readonly Distro[] | undefined;
  /**
   * The name of the server on which the configurator's server side runs. Needed by configurators
   * with agents. Default: none. Change: The new master is installed and every agent is enrolled
   * with it anew.
   */
  readonly master?: string | undefined;
  /** How the servers are reached. */
  readonly ssh?: SshInput | undefined;
  /**
   * The user, one of `users`, whom the controller logs in as once a server is secured. Needs a key
   * that the controller can use and sudo "nopasswd". Default: the only user with sudo "nopasswd".
   * Change: An access change on every server: the new way in is proved before the old one closes.
   */
  readonly operator?: string | undefined;
  /**
   * The people who may log in, the operator among them. Change: Accounts are made or changed on
   * every server; one taken out of the list stays, without keys, password, sudo rule and place in the
   * admin group.
   */
  readonly users: readonly UserInput[];
  /** Groups to make. Default: none. Change: Groups are made or changed on every server. */
  readonly groups?: readonly GroupInput[] | undefined;
  /**
   * What may come in besides ssh, which is opened by itself. Everything else is dropped. Default:
   * nothing but ssh. Change: The rule set of every server is replaced; connections stay.
   */
  readonly firewall?: readonly OpeningInput[] | undefined;
  /**
   * The system locale, such as "C.UTF-8" or "en_GB.UTF-8". Default: "C.UTF-8". Change: A setting
   * on every server; running programs keep the old one until they start again.
   */
  readonly locale?: string | undefined;
  /**
   * The time zone, such as "Etc/UTC" or "Europe/Berlin". Default: "Etc/UTC". Change: A setting on
   * every server; running programs keep the old one until they start again.
   */
  readonly timezone?: string | undefined;
  /** How the servers are kept up to date. */
  readonly upgrades?: UpgradesInput | undefined;
  /**
   * The servers, in the order in which they are shown. Change: New entries are booted; the
   * machines of removed ones stay until `destroy`.
   */
  readonly servers: readonly ServerInput[];
  /** How many servers are worked on at once, 1-1000. Default: 50. Change: Nothing on the servers. */
  readonly concurrency?: number | undefined;
  /**
   * Functions of your own, called by `bootmachine run NAME` with the stack's hosts. Default: none.
   * Change: Nothing on the servers.
   */
  readonly tasks?: Readonly<Record<string, Task | TaskFunction>> | undefined;
}
