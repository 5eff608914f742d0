import type { HostFacts } from "../host/facts.ts";
import type {
  FirewallResource,
  RepositoryResource,
  Resource,
  SshServerResource,
} from "../program/resource.ts";

/** The body of a POSIX shell function, or why there can be none on this distro. */
export type Operation = { readonly sh: string } | { readonly impossible: string };

/**
 * How one family of operating systems is administered: a total table. Each operation is the body of a
 * shell function; arguments come as "$@"; standard input is /dev/null; it must ask no question.
 *
 * "Is" operations change nothing and answer by exit status; the others exit 0 when they succeeded.
 */
export interface DistroOperations {
  /** $@ package names: exit 0 when all of them are installed. */
  readonly packageIsInstalled: Operation;
  /** $@ names. Waits for the package manager's lock with a limit. Refreshes the lists first where they are old or an install failed. */
  readonly packagesInstall: Operation;
  readonly packagesRemove: Operation;
  /** Refreshes the package lists. */
  readonly packagesRefresh: Operation;
  /** $1 all|security: prints the names of the packages that would be upgraded, one a line (from the lists as they are). */
  readonly upgradesPending: Operation;
  /** $1 all|security. */
  readonly upgrade: Operation;

  /** $1 service. */
  readonly serviceIsRunning: Operation;
  readonly serviceIsEnabled: Operation;
  readonly serviceStart: Operation;
  readonly serviceStop: Operation;
  readonly serviceEnable: Operation;
  readonly serviceDisable: Operation;
  readonly serviceReload: Operation;
  readonly serviceRestart: Operation;

  /** $1 name, $2 gid or "", $3 1 for a system group. */
  readonly groupAdd: Operation;
  /** $1 name, $2 gid. */
  readonly groupChange: Operation;
  readonly groupRemove: Operation;
  /** Variables set by the compiler: BM_NAME BM_UID BM_PRIMARY BM_SHELL BM_HOME BM_FULL_NAME, each "" where not wanted. */
  readonly userAdd: Operation;
  readonly userChange: Operation;
  /** $1 name. The home directory is kept. */
  readonly userRemove: Operation;
  /** $1 user, $2 group. */
  readonly userAddToGroup: Operation;
  /** $1 user: exit 0 when no password can log in. */
  readonly userPasswordIsLocked: Operation;
  readonly userPasswordLock: Operation;
  /** $1 user; the crypt(3) hash is in $BM_SECRET. */
  readonly userPasswordHashIs: Operation;
  readonly userPasswordSetHash: Operation;

  /** $1 locale. */
  readonly localeIs: Operation;
  readonly localeSet: Operation;
  /** $1 zone. */
  readonly timezoneIs: Operation;
  readonly timezoneSet: Operation;
  /** $1 name. */
  readonly hostnameIs: Operation;
  readonly hostnameSet: Operation;

  /** Exit 0 when a reboot is needed to finish earlier changes; prints why. */
  readonly rebootIsNeeded: Operation;
  /** Starts a reboot and returns at once. */
  readonly reboot: Operation;
}

export type UpgradePolicy = "all" | "security" | "none";

/** How this distro's secure state is written, as resources: pure, data in, data out. */
export interface DistroBaseline {
  /** Packages that every server gets in prepare (sudo, nftables, time synchronisation …). */
  readonly basePackages: readonly string[];
  /** Waits for the first boot's own work (cloud-init) with a limit; judged as research/distros says. */
  firstBoot(facts: HostFacts): readonly Resource[];
  /** Keeps the package lists fresh enough to say what is pending. Absent: the package manager does so by itself. */
  packageLists?(facts: HostFacts): readonly Resource[];
  timeSynchronisation(facts: HostFacts): readonly Resource[];
  automaticUpgrades(policy: UpgradePolicy, facts: HostFacts): readonly Resource[];
  /** Services that listen to the outside in stock images and that nobody asked for. */
  unwantedServices(facts: HostFacts): readonly Resource[];
  /** The admin group: "sudo", "wheel". */
  readonly adminGroup: string;
  /** Path of the drop-in that wins, such as `/etc/ssh/sshd_config.d/00-bootmachine.conf`. */
  readonly sshDropIn: string;
  /** Unit or service of the ssh server: "ssh", "sshd". */
  readonly sshService: string;
  /** False where a system-wide crypto policy owns the algorithms (EL, Fedora). */
  readonly setsSshAlgorithms: boolean;
}

/** Everything that the compiler and the baseline ask of a distro. A plain object from a factory. */
export interface Distro {
  readonly kind: "distro";
  readonly apiVersion: 1;
  /** The family's name: "debian". */
  readonly name: string;
  /** Releases tested, such as "11", "12", "13". */
  readonly releases: readonly string[];
  /** True where this plug-in administers the host; reads `/etc/os-release` facts, never the provider. */
  matches(facts: HostFacts): boolean;
  operations(facts: HostFacts): DistroOperations;
  readonly baseline: DistroBaseline;
  /** A repository as the files that it is made of. */
  repository(resource: RepositoryResource, facts: HostFacts): readonly Resource[];
  /** The ssh server's settings as files, checks and triggers; knows about socket activation. */
  sshServer(resource: SshServerResource, facts: HostFacts): readonly Resource[];
  /** The firewall as files, services and checks: an nftables table of our own, or firewalld or ufw where one is active. */
  firewall(resource: FirewallResource, facts: HostFacts): readonly Resource[];
}
