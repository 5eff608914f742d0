/**
 * The secure state of one server as plain data: what the starter kits keep from then on. Rendered by each configurator
 * into its own kind of data file (pillar, hiera, attributes, host vars); keys are snake_case because people write them in
 * YAML. Holds no secret.
 */
export interface ServerData {
  readonly stack: string;
  readonly server: string;
  readonly roles: readonly string[];
  readonly master: string | null;
  readonly members: readonly {
    readonly server: string;
    readonly roles: readonly string[];
    readonly public_addresses: readonly string[];
    readonly private_addresses: readonly string[];
  }[];
  readonly hostname: string;
  readonly timezone: string;
  readonly locale: string;
  readonly packages: readonly string[];
  readonly groups: readonly {
    readonly name: string;
    readonly gid: number | null;
    readonly system: boolean;
  }[];
  /** Passwords are not in here: they are left as they are. */
  readonly users: readonly {
    readonly name: string;
    readonly full_name: string | null;
    readonly uid: number | null;
    /** Null: a group of the user's own name. */
    readonly primary_group: string | null;
    readonly groups: readonly string[];
    readonly shell: string | null;
    readonly home: string;
    /**
     * The lines of HOME/.ssh/authorized_keys (0600, the user's own, in a 0700 directory of the user's own), all that may
     * stand there, each ended by a newline. Empty: that file must not be there. Null: somebody else writes it, leave it alone.
     */
    readonly keys: readonly string[] | null;
  }[];
  /** Before the files. */
  readonly directories: readonly {
    readonly path: string;
    /** Octal: "0755". */
    readonly mode: string;
    readonly owner: string;
    readonly group: string;
  }[];
  /**
   * Files written whole: the ssh server's settings, the firewall's rules, sudo rules, kernel settings, automatic upgrades …
   * After a change: `reload`, `restart` the services named, run the shell text of `commands`.
   */
  readonly files: readonly {
    readonly path: string;
    readonly mode: string;
    readonly owner: string;
    readonly group: string;
    readonly content: string;
    /** Shell text that gets the candidate's path as $1 and must exit 0. */
    readonly validate: string | null;
    readonly reload: readonly string[];
    readonly restart: readonly string[];
    readonly commands: readonly string[];
  }[];
  /** Files that must not be there. */
  readonly absent_files: readonly string[];
  readonly services: readonly {
    readonly name: string;
    readonly enabled: boolean | null;
    readonly running: boolean | null;
  }[];
  /**
   * What is neither file nor service: live firewall rules, live kernel settings, an sshd that has read its settings. In
   * this order, after everything else: `sh -c CHECK` as root changes nothing and exits 0 where all is well; otherwise
   * `sh -c RUN`, after which the check must hold.
   */
  readonly commands: readonly {
    /** Unique: "firewall live rules". */
    readonly name: string;
    readonly check: string;
    readonly run: string;
    readonly timeout_seconds: number;
  }[];
}
