/** Where and how to reach one host. */
export interface SshTarget {
  /** The server's name, for messages, and the alias under which its key is pinned. */
  readonly server: string;
  /** Address or name to connect to. */
  readonly address: string;
  /** 1-65535. */
  readonly port: number;
  readonly user: string;
}

export interface SshOptions {
  /** Our own known_hosts file: the only one that counts; checked strictly, always. */
  readonly knownHostsFile: string;
  /** The alias under which the host's key stands in it (HostKeyAlias). */
  readonly hostKeyAlias: string;
  /** What to do where the host shows another key than the pinned one, for whoever reads the error; absent: the code's own words. */
  readonly keyChangeHint?: string;
  /** Private key file, or the public half of a key in the agent; absent: agent and ssh_config decide. */
  readonly identityFile?: string;
  /** `user@host:port[,…]`, as ssh's -J. */
  readonly jumpHost?: string;
  /** The user's own ssh_config; absent: ssh's default. Tests pass "none". */
  readonly configFile?: string;
  /** Limit for reaching and authenticating, in milliseconds. */
  readonly connectTimeoutMs: number;
}

export interface RunOptions {
  /** Limit for the whole command, in milliseconds; absent: none but the signal. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Each line of standard output as it comes, without its newline. */
  readonly onLine?: (line: string) => void;
  /** Standard output as raw bytes, as it comes, for callers that count bytes; `stdout` of the result is then "". */
  readonly onBytes?: (bytes: Uint8Array) => void;
  /** Bytes for the command's standard input; absent: /dev/null. Secrets go here, never into the command. */
  readonly stdin?: string | Uint8Array;
}

export interface RunResult {
  /** The command's exit status, 0-255. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * An authenticated link to a host. Safe for concurrent use; commands run one after another on the link's
 * shell unless they have standard input. Every method throws TransportError DISCONNECTED when the link is gone.
 */
export interface Connection {
  readonly target: SshTarget;
  /** Runs shell text as the login user (`asRoot: false`) or as root (through `sudo -n` where needed; throws RemoteError NOT_ROOT). */
  run(script: string, options?: RunOptions & { readonly asRoot?: boolean }): Promise<RunResult>;
  /** Writes bytes to a file on the host, atomically, as root. Mode is octal text, default "0600". */
  upload(
    content: Uint8Array,
    path: string,
    options?: { readonly mode?: string; readonly signal?: AbortSignal },
  ): Promise<void>;
  /** Ends the link. Never throws. */
  close(): Promise<void>;
}

export interface Transport {
  /**
   * One attempt to connect.
   *
   * @throws TransportError with the cause told apart: NO_ROUTE, NAME_UNKNOWN, CONNECTION_REFUSED, CONNECTION_TIMEOUT,
   *   LOGIN_TIMEOUT, HOST_KEY_MISMATCH, KEY_REFUSED, HOST_NOT_READY, SSH_FAILED. CancelledError on abort. RefusedError PREREQUISITE_MISSING without an ssh.
   */
  connect(target: SshTarget, options: SshOptions, signal?: AbortSignal): Promise<Connection>;
  /** The ssh command line (argv) a person would use, for `bootmachine ssh`. */
  command(
    target: SshTarget,
    options: SshOptions,
    remoteCommand?: readonly string[],
  ): readonly string[];
}
