/**
 * Resources: wanted things on a host, as data. A list of them compiles to one POSIX shell program
 * (`compile-program.ts`). Nothing here runs anything.
 *
 * Modes are octal strings ("0644"). Paths are absolute. Text has no NUL byte. Every list is applied
 * in the order given.
 */

import type { RemoteErrorCode } from "../errors/codes.ts";

/**
 * What is run once, after all resources, when a resource that names it has changed something.
 *
 * It is noted on the host before the change, so that it is run even when the program is killed between the change and
 * the trigger: by the next program that applies anything. In check mode a resource whose trigger is still noted differs.
 * After a failed resource no trigger is run; all stay noted.
 */
export type Trigger =
  | { readonly reload: string }
  | { readonly restart: string }
  /** Shell text, run by `sh -c`. */
  | { readonly run: string };

interface ResourceBase {
  /** Unique in its program; default `TYPE NAME`, such as `file /etc/hosts`. Shown to people. */
  readonly id?: string;
  readonly triggers?: readonly Trigger[];
  /** Shell text; where it exits other than 0 the resource is reported as skipped with `skipReason`. */
  readonly onlyIf?: string;
  /** Why `onlyIf` may not hold, such as "kernel setting of the whole computer". */
  readonly skipReason?: string;
  /** The code of the error when it fails; default RESOURCE_FAILED. */
  readonly failsAs?: RemoteErrorCode;
}

export interface PackageResource extends ResourceBase {
  readonly type: "package";
  /** Installed, or removed, in one transaction. */
  readonly names: readonly string[];
  /** Default "present". */
  readonly state?: "present" | "absent";
}

/** Brings all installed packages up to date. */
export interface UpgradeResource extends ResourceBase {
  readonly type: "upgrade";
  readonly scope: "all" | "security";
}

/** A package repository whose signing key is given, never fetched on trust. */
export interface RepositoryResource extends ResourceBase {
  readonly type: "repository";
  /** File-name safe. */
  readonly name: string;
  readonly uri: string;
  /** Suite or release; a trailing "/" means a flat repository. */
  readonly suite: string;
  readonly components: readonly string[];
  /** ASCII-armoured OpenPGP public key. */
  readonly key: string;
  readonly state?: "present" | "absent";
}

export interface FileResource extends ResourceBase {
  readonly type: "file";
  readonly path: string;
  /** Whole content; required for "present". */
  readonly content?: string;
  /** Default "0644". */
  readonly mode?: string;
  /** Default "root". */
  readonly owner?: string;
  readonly group?: string;
  readonly state?: "present" | "absent";
  /** Shell text that gets the candidate's path as $1 and must exit 0 before it is put in place. */
  readonly validate?: string;
  /** The content is a secret: mode defaults to 0600, no diff is shown, nothing of it is logged. */
  readonly secret?: boolean;
}

/** Lines between two marks in a file that others write to as well. */
export interface BlockResource extends ResourceBase {
  readonly type: "block";
  readonly path: string;
  /** Names the block in its marks. */
  readonly name: string;
  readonly content: string;
  readonly state?: "present" | "absent";
}

export interface DirectoryResource extends ResourceBase {
  readonly type: "directory";
  readonly path: string;
  /** Default "0755". */
  readonly mode?: string;
  readonly owner?: string;
  readonly group?: string;
  /** "absent" removes an empty directory only. */
  readonly state?: "present" | "absent";
}

export interface SymlinkResource extends ResourceBase {
  readonly type: "symlink";
  readonly path: string;
  readonly target: string;
  readonly state?: "present" | "absent";
}

export interface GroupResource extends ResourceBase {
  readonly type: "group";
  readonly name: string;
  readonly gid?: number;
  readonly system?: boolean;
  readonly state?: "present" | "absent";
}

export interface UserResource extends ResourceBase {
  readonly type: "user";
  readonly name: string;
  readonly fullName?: string;
  readonly uid?: number;
  /** Primary group's name; default: a group of the user's own name. */
  readonly primaryGroup?: string;
  /** Supplementary groups that the user must be in; others are left alone. */
  readonly groups?: readonly string[];
  /** Default: the distro's (`/bin/bash` where it exists). */
  readonly shell?: string;
  /** Default `/home/NAME`. */
  readonly home?: string;
  /** crypt(3) hash; default: the password is locked. A secret. */
  readonly passwordHash?: string;
  readonly state?: "present" | "absent";
}

export interface AuthorizedKeysResource extends ResourceBase {
  readonly type: "authorized-keys";
  readonly user: string;
  /** The whole content: keys not in the list are removed. An empty list removes the file. */
  readonly keys: readonly string[];
}

/** A file in sudoers.d, checked by visudo before it is put in place. */
export interface SudoRuleResource extends ResourceBase {
  readonly type: "sudo-rule";
  /** File name in sudoers.d. */
  readonly name: string;
  /** Lines of sudoers syntax. */
  readonly rules: readonly string[];
  readonly state?: "present" | "absent";
}

export interface ServiceResource extends ResourceBase {
  readonly type: "service";
  readonly name: string;
  /** Started at boot. Left alone when absent. */
  readonly enabled?: boolean;
  readonly running?: boolean;
}

export interface SysctlResource extends ResourceBase {
  readonly type: "sysctl";
  /** Name of the file in sysctl.d, without ".conf". */
  readonly name: string;
  /** Key → value. A key that does not exist, or is not writable here (container), is reported as skipped. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface HostnameResource extends ResourceBase {
  readonly type: "hostname";
  readonly hostname: string;
}

/** The hosts entries of the stack's members, as one block in /etc/hosts. */
export interface HostsEntriesResource extends ResourceBase {
  readonly type: "hosts-entries";
  readonly entries: readonly { readonly address: string; readonly names: readonly string[] }[];
}

export interface LocaleResource extends ResourceBase {
  readonly type: "locale";
  /** Such as "en_US.UTF-8" or "C.UTF-8". */
  readonly locale: string;
}

export interface TimezoneResource extends ResourceBase {
  readonly type: "timezone";
  /** Such as "Etc/UTC" or "Europe/Berlin". */
  readonly timezone: string;
}

/** The ssh server's settings in a drop-in that wins. Validated by `sshd -t` and `sshd -T` before it is put in place. */
export interface SshServerResource extends ResourceBase {
  readonly type: "ssh-server";
  /** Ordered keyword → value lines of sshd_config; `Port` may stand several times. */
  readonly settings: readonly (readonly [keyword: string, value: string])[];
}

/** What may come in, whole: everything else is dropped, IPv4 and IPv6. */
export interface FirewallResource extends ResourceBase {
  readonly type: "firewall";
  readonly openings: readonly FirewallOpening[];
}

export interface FirewallOpening {
  /** 1-65535, or a range "6000-6010". */
  readonly port: number | string;
  readonly protocol: "tcp" | "udp";
  /** Addresses or CIDR blocks, IPv4 or IPv6; "anywhere" opens it to all. */
  readonly from: "anywhere" | readonly string[];
  /** Shown in the rule's comment. */
  readonly comment?: string;
}

/** The way out for everything else: a check, and what makes the check pass. */
export interface CommandResource extends ResourceBase {
  readonly type: "command";
  /** Required: a command has no name of its own. */
  readonly id: string;
  /** Shell text; exit 0 means that nothing is to be done. Must change nothing. */
  readonly check: string;
  /**
   * What the check reads of the host, by the shell variable that holds it: the text whose output it is. Checks of a program
   * that read the same under the same name share one look, as long as nothing was changed. Names begin with "bm_".
   */
  readonly reads?: Readonly<Record<string, string>>;
  /** Shell text that makes the check pass; the check is run again after it. Absent: the resource only checks. */
  readonly run?: string;
  /** Limit in seconds for `run`; default 600. */
  readonly timeoutSeconds?: number;
  /** The check's output is a reason or a diff and is reported when it fails. Default false. */
  readonly showCheckOutput?: boolean;
}

export type Resource =
  | PackageResource
  | UpgradeResource
  | RepositoryResource
  | FileResource
  | BlockResource
  | DirectoryResource
  | SymlinkResource
  | GroupResource
  | UserResource
  | AuthorizedKeysResource
  | SudoRuleResource
  | ServiceResource
  | SysctlResource
  | HostnameResource
  | HostsEntriesResource
  | LocaleResource
  | TimezoneResource
  | SshServerResource
  | FirewallResource
  | CommandResource;

export type ResourceType = Resource["type"];
