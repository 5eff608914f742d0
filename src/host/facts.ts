/** What a host says of itself, read once per run by one small program. */
export interface HostFacts {
  /** `ID` of /etc/os-release, lower case: "debian". */
  readonly osId: string;
  /** `ID_LIKE`, split. */
  readonly osIdLike: readonly string[];
  /** `VERSION_ID`: "12", "24.04"; "" for rolling distros. */
  readonly osVersion: string;
  /** `VERSION_CODENAME` or "". */
  readonly osCodename: string;
  readonly osPrettyName: string;
  /** `uname -s`, `-r`, `-m`. */
  readonly kernelName: string;
  readonly kernelRelease: string;
  readonly architecture: string;
  readonly hostname: string;
  readonly init: "systemd" | "openrc" | "rc.d" | "other";
  /** True in a container: kernel settings of the whole computer are not its own. */
  readonly isContainer: boolean;
  /** The user we came in as, before sudo. */
  readonly loginUser: string;
  /** /proc/sys/kernel/random/boot_id, or "". */
  readonly bootId: string;
  /** When process 1 started, in clock ticks after the kernel's boot: proves a container's reboot together with `bootId`. */
  readonly initStartTicks: string;
  readonly uptimeSeconds: number;
  /** What the host may use: in a container no more than its control group allows. 0: it does not say. */
  readonly memoryMb: number;
  readonly cpus: number;
  /** Global addresses of the host's own interfaces, without prefix length. */
  readonly addresses: readonly string[];
  /** Firewall managers that are active. */
  readonly activeFirewalls: readonly ("firewalld" | "ufw")[];
  /** True where a socket unit holds the ssh port. */
  readonly isSshSocketActive: boolean;
  readonly selinux: "enforcing" | "permissive" | "disabled";
  readonly hasCloudInit: boolean;
  /** What user-data of ours wrote at the first boot; absent where there was none. */
  readonly firstBootNonce?: string;
  /** First line of `sshd -V` / `ssh -V`, such as "OpenSSH_9.2p1". */
  readonly opensshVersion: string;
}
