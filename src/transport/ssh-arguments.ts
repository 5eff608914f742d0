import type { SshOptions, SshTarget } from "./contract.ts";

/** Names of ssh's options and their values, as they go behind `-o`. */
type SshOption = readonly [keyword: string, value: string];

/** A file name as a value of an ssh option: quoted, and with `%` taken literally. */
function fileValue(path: string): string {
  return `"${path.replaceAll("%", "%%")}"`;
}

/** What decides who is trusted and how we log in. The command line wins over every ssh_config. */
function trustOptions(options: SshOptions): readonly SshOption[] {
  return [
    // OpenSSH 8.4 does not know KnownHostsCommand. The first IgnoreUnknown wins, so ours has to hold whatever the user's
    // own ssh_config ignores (UseKeychain); it stands first, because it holds for what comes after it.
    ["IgnoreUnknown", "*"],
    // It would add keys beside those of our known_hosts.
    ["KnownHostsCommand", "none"],
    ["StrictHostKeyChecking", "yes"],
    ["UserKnownHostsFile", fileValue(options.knownHostsFile)],
    ["GlobalKnownHostsFile", "/dev/null"],
    ["HostKeyAlias", options.hostKeyAlias],
    ["UpdateHostKeys", "no"],
    ["CheckHostIP", "no"],
    ["VerifyHostKeyDNS", "no"],
    ["NoHostAuthenticationForLocalhost", "no"],
    ["PasswordAuthentication", "no"],
    ["KbdInteractiveAuthentication", "no"],
    ["ForwardAgent", "no"],
    ["ForwardX11", "no"],
  ];
}

function targetArguments(target: SshTarget, options: SshOptions): readonly string[] {
  return [
    ...(options.configFile === undefined ? [] : ["-F", options.configFile]),
    ...(options.jumpHost === undefined ? [] : ["-J", options.jumpHost]),
    ...(options.identityFile === undefined
      ? []
      : ["-o", "IdentitiesOnly=yes", "-o", `IdentityFile=${fileValue(options.identityFile)}`]),
    "-p",
    String(target.port),
    "-l",
    target.user,
  ];
}

function flags(options: readonly SshOption[]): readonly string[] {
  return options.flatMap(([keyword, value]) => ["-o", `${keyword}=${value}`]);
}

/** How a control connection takes part in multiplexing: the one that listens, one that uses it, or none. */
export type Multiplexing =
  | { readonly role: "none" }
  | { readonly role: "master" | "client"; readonly path: string };

/** The arguments of a control connection, up to and with the remote command. */
export function sessionArguments(
  target: SshTarget,
  options: SshOptions,
  multiplexing: Multiplexing,
  remoteCommand: string,
): readonly string[] {
  const control: readonly SshOption[] =
    multiplexing.role === "none"
      ? [["ControlPath", "none"]]
      : [
          ["ControlMaster", multiplexing.role === "master" ? "yes" : "no"],
          ["ControlPath", fileValue(multiplexing.path)],
          ["ControlPersist", "no"],
        ];
  return [
    "-T",
    ...flags([
      ["BatchMode", "yes"],
      ...trustOptions(options),
      ...control,
      ["ClearAllForwardings", "yes"],
      ["PermitLocalCommand", "no"],
      ["RemoteCommand", "none"],
      ["RequestTTY", "no"],
      ["EscapeChar", "none"],
      // INFO, not ERROR: the server's banner ("System is booting up") tells one failure from another.
      ["LogLevel", "INFO"],
      ["ConnectionAttempts", "1"],
      ["ConnectTimeout", String(Math.max(1, Math.ceil(options.connectTimeoutMs / 1000)))],
      // A dead link is noticed after at most three unanswered questions: 15 s.
      ["ServerAliveInterval", "5"],
      ["ServerAliveCountMax", "3"],
    ]),
    ...targetArguments(target, options),
    "--",
    target.address,
    remoteCommand,
  ];
}

/** The arguments that a person would use to log in. */
export function loginArguments(
  target: SshTarget,
  options: SshOptions,
  remoteCommand: readonly string[] = [],
): readonly string[] {
  return [
    ...flags([
      ...trustOptions(options),
      // Never over a master of the user's own config: whose key that one checked, we do not know.
      ["ControlMaster", "no"],
      ["ControlPath", "none"],
    ]),
    ...targetArguments(target, options),
    target.address,
    ...remoteCommand,
  ];
}

/**
 * The arguments that ask a host for its key and stop before anybody is authenticated: the key is compared with those of
 * `knownHostsFile`, or, with `isNew`, written to it.
 */
export function keyScanArguments(
  target: SshTarget,
  options: SshOptions,
  isNew: boolean,
): readonly string[] {
  return [
    "-T",
    ...flags([
      ["BatchMode", "yes"],
      // The one place without a pinned key: there is none yet, and this connection sends nothing.
      ...(isNew ? [["StrictHostKeyChecking", "accept-new"] as const] : []),
      ["HashKnownHosts", "no"],
      ["PreferredAuthentications", "none"],
      ["IdentityFile", "none"],
      ...trustOptions(options).filter(([keyword]) => !isNew || keyword !== "StrictHostKeyChecking"),
      ["ControlPath", "none"],
      ["ClearAllForwardings", "yes"],
      ["PermitLocalCommand", "no"],
      ["RemoteCommand", "none"],
      ["LogLevel", "INFO"],
      ["ConnectTimeout", String(Math.max(1, Math.ceil(options.connectTimeoutMs / 1000)))],
    ]),
    ...(options.configFile === undefined ? [] : ["-F", options.configFile]),
    ...(options.jumpHost === undefined ? [] : ["-J", options.jumpHost]),
    "-p",
    String(target.port),
    "-l",
    target.user,
    "--",
    target.address,
    "true",
  ];
}
