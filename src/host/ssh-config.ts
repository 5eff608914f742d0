import type { SshOptions } from "../transport/contract.ts";

/** One server of the ssh_config product. */
export interface SshConfigEntry {
  readonly server: string;
  /** Told in a comment, for people and for the completion of `--role`. */
  readonly roles: readonly string[];
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly options: SshOptions;
}

/** Renders the ssh_config with which anybody's ssh (`ssh -F FILE web1`) reaches the stack, by pinned host keys only. */
export function renderSshConfig(
  entries: readonly SshConfigEntry[],
  options: { readonly stack: string },
): string {
  const head = [
    `# The servers of the stack ${options.stack}. Made by bootmachine, and made anew by every run.`,
    "# Use it with `ssh -F THIS-FILE SERVER`, or include it in your own ssh_config.",
    // For all hosts: unknown words are refused in blocks of other hosts, too. The first IgnoreUnknown wins, so it has to
    // hold whatever the user's own file ignores. OpenSSH 8.4 does not know KnownHostsCommand.
    "",
    "IgnoreUnknown *",
  ];
  const hosts = entries.map((entry) => {
    const { knownHostsFile, hostKeyAlias, identityFile, jumpHost } = entry.options;
    return [
      "",
      `Host ${entry.server}`,
      ...(entry.roles.length === 0 ? [] : [`  # Roles: ${entry.roles.join(" ")}`]),
      `  HostName ${entry.address.replaceAll("%", "%%")}`,
      `  Port ${entry.port}`,
      `  User ${entry.user}`,
      `  HostKeyAlias ${hostKeyAlias}`,
      `  UserKnownHostsFile ${fileValue(knownHostsFile)}`,
      "  GlobalKnownHostsFile /dev/null",
      "  KnownHostsCommand none",
      "  StrictHostKeyChecking yes",
      "  UpdateHostKeys no",
      "  CheckHostIP no",
      // Each of them would let a host in without our pinned key.
      "  VerifyHostKeyDNS no",
      "  NoHostAuthenticationForLocalhost no",
      "  ControlMaster no",
      "  ControlPath none",
      ...(identityFile === undefined
        ? []
        : [`  IdentityFile ${fileValue(identityFile)}`, "  IdentitiesOnly yes"]),
      ...(jumpHost === undefined ? [] : [`  ProxyJump ${jumpHost}`]),
    ].join("\n");
  });
  const files = new Set(
    entries.map(({ options: { configFile } }) => configFile ?? "~/.ssh/config"),
  );
  files.delete("none");
  // `ssh -F` leaves the user's own file out; what stands there comes after ours and so never overrides it.
  const includes = [...files].map(
    (file) => `\nMatch all\n  Include ${file === "~/.ssh/config" ? file : fileValue(file)}`,
  );
  return `${[...head, ...hosts, ...includes].join("\n")}\n`;
}

function fileValue(path: string): string {
  return `"${path.replaceAll("%", "%%")}"`;
}
