import type { Transport } from "./contract.ts";
import { controlDirectory } from "./control-directory.ts";
import { loginArguments } from "./ssh-arguments.ts";
import { SshConnection } from "./ssh-connection.ts";

export interface OpenSshOptions {
  /** Where the sockets of open links lie; made (0700) and removed by the transport. */
  readonly controlDirectory: string;
  /** The OpenSSH client; default "ssh". */
  readonly program?: string;
}

/**
 * The transport: the user's own OpenSSH (8.4 or later) as a child process, with the user's agent, hardware keys,
 * certificates, jump hosts and ssh_config; what decides about trust is set by us and wins. Does nothing until it is used.
 *
 * A jump host is checked and logged in to by the user's own known_hosts, ssh_config and agent, as `ssh -J` does it.
 */
export function openSsh(options: OpenSshOptions): Transport {
  const program = options.program ?? "ssh";
  const control = controlDirectory(options.controlDirectory);
  return {
    connect: (target, sshOptions, signal) =>
      SshConnection.open({ program, control, target, options: sshOptions }, signal),
    command: (target, sshOptions, remoteCommand) => [
      program,
      ...loginArguments(target, sshOptions, remoteCommand),
    ],
  };
}
