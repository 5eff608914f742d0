/**
 * Every error code of bootmachine, in one table.
 *
 * `kind` decides the exit status and the error class. `means` and `todo` are what
 * `bootmachine explain CODE` prints and what `docs/reference/errors.md` is made from.
 */
export type ErrorKind =
  | "user"
  | "refused"
  | "provider"
  | "transport"
  | "remote"
  | "timeout"
  | "computer"
  | "cancelled"
  | "internal";

export interface ErrorCodeEntry {
  readonly kind: ErrorKind;
  /** What has happened, one sentence. */
  readonly means: string;
  /** What to do about it, one or two sentences. */
  readonly todo: string;
}

export const ERROR_CODES = {
  // user: your input; nothing was touched
  CONFIG_NOT_FOUND: {
    kind: "user",
    means: "No bootmachine.config file was found in this directory or above it.",
    todo: "Run `bootmachine init` to make one, or name one with --config.",
  },
  CONFIG_UNREADABLE: {
    kind: "user",
    means: "The config file, or a file that it names, cannot be read.",
    todo: "Check the path and its permissions.",
  },
  CONFIG_CODE_FAILED: {
    kind: "user",
    means: "The config file does not compile, or threw while it was loaded.",
    todo: "Mend the line that the message shows; it is in your own file.",
  },
  CONFIG_INVALID: {
    kind: "user",
    means: "The config was read, and breaks one or more rules. All of them are listed.",
    todo: "Mend each line of the list. Nothing was touched.",
  },
  USAGE: {
    kind: "user",
    means: "The command line cannot be understood.",
    todo: "See `bootmachine --help`, or `bootmachine COMMAND --help`.",
  },
  SELECTION_EMPTY: {
    kind: "user",
    means: "No server of the stack matches --server or --role.",
    todo: "The message lists the names and roles that exist.",
  },
  MACHINE_MISSING: {
    kind: "user",
    means: "The config names the server, and there is no machine for it.",
    todo: "`bootmachine up` makes it; `bootmachine status` shows what there is.",
  },
  TASK_UNKNOWN: {
    kind: "user",
    means: "The config has no custom task of this name.",
    todo: "The message lists the tasks that exist.",
  },
  IMAGE_UNKNOWN: {
    kind: "user",
    means: "The provider has no image of this name.",
    todo: "`bootmachine images` lists what there is.",
  },
  SIZE_UNKNOWN: {
    kind: "user",
    means: "The provider has no size of this name.",
    todo: "`bootmachine sizes` lists what there is.",
  },
  DISTRO_UNSUPPORTED: {
    kind: "user",
    means: "The host runs a distro, or a release of one, for which there is no plug-in.",
    todo: "Choose another image, or pass a distro plug-in for it in the config (`distros`).",
  },
  KEY_UNUSABLE: {
    kind: "user",
    means:
      "The controller has no private key, or none that ssh can use without asking for a passphrase, for the public key that the config names.",
    todo: "Load the key into ssh-agent, or set ssh.identityFile to the private key file.",
  },
  FILE_EXISTS: {
    kind: "user",
    means: "A file that would be written exists already.",
    todo: "Move it away, or choose another directory.",
  },
  TREE_UNUSABLE: {
    kind: "user",
    means: "A folder of yours that is to be brought to a server holds things that cannot go there.",
    todo: "The message lists all of them: remove or mend each. Nothing was sent.",
  },

  // refused: a safety check said no
  STACK_LOCKED: {
    kind: "refused",
    means: "Another run works on this stack right now.",
    todo: "Wait for it to end. The message says who started it, when and where.",
  },
  HOST_BUSY: {
    kind: "refused",
    means: "Another program of bootmachine runs on this host right now.",
    todo: "Wait for it to end. The message says who started it, when and where.",
  },
  NOT_OURS: {
    kind: "refused",
    means: "Something of this name exists at the provider, and this stack did not make it.",
    todo: "Rename the server or the stack, or remove the other thing by hand.",
  },
  NOT_CONFIRMED: {
    kind: "refused",
    means: "The question was answered with no, or nobody could be asked.",
    todo: "Answer yes, or pass --yes.",
  },
  AGENT_STRANGE: {
    kind: "refused",
    means: "The agent is no server of the stack, so nothing proves that its key is its own.",
    todo: "Declare it as a server in the config, or revoke it: `bootmachine configurator revoke NAME`.",
  },
  PREREQUISITE_MISSING: {
    kind: "refused",
    means: "This computer lacks something that the work needs.",
    todo: "The message names what is missing and how to have it.",
  },
  CAPABILITY_MISSING: {
    kind: "refused",
    means: "The plug-in declares that it cannot do this.",
    todo: "Choose another plug-in, or do without the option.",
  },
  MEMORY_TOO_SMALL: {
    kind: "refused",
    means: "The server has less memory than the configuration-management tool needs there.",
    todo: "Give the server a larger `size`, or choose another configurator. `bootmachine sizes` lists them; nothing was installed.",
  },
  IDENTITY_UNPROVEN: {
    kind: "refused",
    means: "Nothing proves the host key of this server, and trusting the first one is not allowed.",
    todo: 'Give its host key in the config, or say `identity: "first-use"` if you accept the risk.',
  },
  FIRST_BOOT_UNPROVEN: {
    kind: "refused",
    means: "A new server let us in, and bears no trace of the first boot that was prepared for it.",
    todo: "Look at `bootmachine console SERVER`: cloud-init may be missing in the image, or have failed. Then destroy the server and run `bootmachine up` again.",
  },
  SSH_SOURCE_REFUSED: {
    kind: "refused",
    means: "The config narrows ssh to addresses, and this computer does not come from one of them.",
    todo: "Add the address that the message names to the opening of the ssh port, or come from one of the listed.",
  },
  ACCESS_ROLLED_BACK: {
    kind: "refused",
    means: "The new way into the host did not work, so the host went back to the old one.",
    todo: "Mend the cause that the message names, and run `bootmachine secure` again.",
  },

  // provider
  PROVIDER_AUTH: {
    kind: "provider",
    means: "The provider refused the credentials.",
    todo: "Check the credentials, and that they may do what the message names.",
  },
  PROVIDER_QUOTA: {
    kind: "provider",
    means: "A quota of the account is used up.",
    todo: "Raise the quota or remove what is not needed.",
  },
  PROVIDER_CAPACITY: {
    kind: "provider",
    means: "The provider has no room for this size in this place now.",
    todo: "Try another size or place, or try later.",
  },
  PROVIDER_RATE_LIMIT: {
    kind: "provider",
    means: "The provider asks for fewer calls, and went on asking until the limit.",
    todo: "Wait some minutes and run the command again; it goes on where it stopped.",
  },
  PROVIDER_NOT_FOUND: {
    kind: "provider",
    means: "The provider does not know a thing that was named.",
    todo: "Check the name that the message shows.",
  },
  PROVIDER_CONFLICT: {
    kind: "provider",
    means: "The thing is in a state that does not allow the call.",
    todo: "Run the command again in a moment; see `bootmachine status`.",
  },
  PROVIDER_REFUSED: {
    kind: "provider",
    means: "The provider does not take what was asked of it.",
    todo: "The provider's own words say why; change what the message names in the config.",
  },
  PROVIDER_UNAVAILABLE: {
    kind: "provider",
    means: "The provider does not answer, or answers with an error of its own.",
    todo: "Run the command again later; it goes on where it stopped.",
  },
  MACHINE_FAILED: {
    kind: "provider",
    means: "The provider says that making the machine failed, or that it is broken.",
    todo: "See `bootmachine console SERVER`; `bootmachine destroy --server SERVER` removes it, the next `up` makes a new one.",
  },
  IMAGE_BUILD_FAILED: {
    kind: "provider",
    means: "The image of a local server could not be built.",
    todo: "The last lines of the builder's output say why. The half-made image was removed.",
  },

  // transport
  NO_ROUTE: {
    kind: "transport",
    means: "There is no network route to the host.",
    todo: "Check the address, your network and VPN, and the jump host.",
  },
  NAME_UNKNOWN: {
    kind: "transport",
    means: "The host's name cannot be resolved.",
    todo: "Check the spelling and your resolver, or give the address as a number.",
  },
  CONNECTION_REFUSED: {
    kind: "transport",
    means: "The host answers, and nothing listens on the ssh port.",
    todo: "Check the port; a booting host needs a little longer. See `bootmachine console SERVER`.",
  },
  CONNECTION_TIMEOUT: {
    kind: "transport",
    means: "The host does not answer on the ssh port: it is down, or a firewall drops the packets.",
    todo: "Check that the machine runs and that the provider's firewall lets you in.",
  },
  LOGIN_TIMEOUT: {
    kind: "transport",
    means:
      "Something answers on the ssh port, and nobody was logged in within the limit: the host is busy or slow, or it is no ssh server.",
    todo: "Try again when the host has less to do, or give it more time: `ssh.connectTimeoutSeconds`.",
  },
  HOST_KEY_MISMATCH: {
    kind: "transport",
    means: "The host showed another key than the proven one. Nothing was sent to it.",
    todo: "If the server was rebuilt by hand or its address was given to another machine, destroy and boot it again; of a host that you have, put its new key under `hosts.NAME.hostKey`. Otherwise somebody may be in between: find out before you go on.",
  },
  KEY_REFUSED: {
    kind: "transport",
    means: "The host refused the user or the key.",
    todo: "Check ssh.identityFile and the agent, and that the user exists with this key.",
  },
  HOST_NOT_READY: {
    kind: "transport",
    means: "The host is booting and does not let users in.",
    todo: "Wait; if it lasts, see `bootmachine console SERVER`.",
  },
  DISCONNECTED: {
    kind: "transport",
    means: "The link to the host broke and could not be taken up again within the limit.",
    todo: "The program on the host goes on by itself. Run the command again when the network is back.",
  },
  SSH_FAILED: {
    kind: "transport",
    means: "ssh failed for a reason that is none of the known ones; its own words are shown.",
    todo: "Read ssh's message; try `bootmachine ssh SERVER -- -v`.",
  },

  // remote
  RESOURCE_FAILED: {
    kind: "remote",
    means: "A resource could not be brought into its wanted state on the host.",
    todo: "The message shows the resource, the exit status and the last lines of output. Mend the cause and run the command again; what is done is not done twice.",
  },
  PROGRAM_BROKEN: {
    kind: "remote",
    means:
      "A program on the host ended without its closing line: it was killed, or the disk is full.",
    todo: "Look at free space and memory on the host, then run the command again.",
  },
  COMMAND_FAILED: {
    kind: "remote",
    means: "A command on the host ended with an exit status other than 0.",
    todo: "Its output is shown.",
  },
  NOT_ROOT: {
    kind: "remote",
    means: "The user we log in as is not root and has no sudo without a password.",
    todo: "Give that user `NOPASSWD: ALL` in sudoers, or log in as root for the first run.",
  },
  REBOOT_UNPROVEN: {
    kind: "remote",
    means: "The host was told to reboot, and nothing shows that it did.",
    todo: "Look at `bootmachine console SERVER`.",
  },
  CLOUD_INIT_FAILED: {
    kind: "remote",
    means: "cloud-init ended with an error on the first boot.",
    todo: "Its own message is shown; `cloud-init status --long` on the host says more.",
  },
  TOOL_FAILED: {
    kind: "remote",
    means:
      "The configuration-management tool failed on the server, or something that it was to bring in line did.",
    todo: "The tool's own reason is shown. Mend it in your tree and run `bootmachine up` again; what is done is not done twice.",
  },
  MASTER_FAILED: {
    kind: "remote",
    means:
      "The master failed in this run, and this server cannot be enrolled or configured without it.",
    todo: "Mend what the master's own error says, then run the command again; it goes on where it stopped.",
  },
  DOWNLOAD_FAILED: {
    kind: "remote",
    means:
      "A file that a server needs could not be fetched on your computer, or is not what its checksum says.",
    todo: "The address and the reason are shown. Mend your way out or the address in the configurator's options; for another checksum ask whoever publishes the file first.",
  },
  CHECK_FAILED: {
    kind: "remote",
    means: "The proof found the host in another state than the declared one.",
    todo: "`bootmachine verify -s SERVER` shows of each failed check the reason, the difference, and its own way out. What the config declares `bootmachine up` puts back; what nobody declared is yours to remove or to declare.",
  },

  // timeout
  TIMEOUT: {
    kind: "timeout",
    means:
      "Something did not end within its limit; the message says what, after how long, and which limit.",
    todo: "Find out why it is slow, or raise the limit that the message names.",
  },

  // computer: yours, on which bootmachine runs
  DISK_FULL: {
    kind: "computer",
    means: "The disk of this computer, or your share of it, is full: a file could not be written.",
    todo: "Make room where the message says, and run the same command again; it goes on where it stopped.",
  },
  FILE_UNWRITABLE: {
    kind: "computer",
    means: "A file of bootmachine's own could not be written on this computer.",
    todo: "Check the owner and the permissions of what the message names, and that its file system is not read-only.",
  },

  // cancelled, internal
  CANCELLED: {
    kind: "cancelled",
    means: "The run was cancelled by you (Ctrl-C), by a signal, or by a closed terminal.",
    todo: "Run the same command again; it goes on where it stopped.",
  },
  INTERNAL: {
    kind: "internal",
    means: "A defect of bootmachine.",
    todo: "Please report it, with the journal of the run (`bootmachine log`).",
  },
} as const satisfies Record<string, ErrorCodeEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;

type CodesOf<K extends ErrorKind> = {
  [C in ErrorCode]: (typeof ERROR_CODES)[C]["kind"] extends K ? C : never;
}[ErrorCode];

export type UserErrorCode = CodesOf<"user">;
export type RefusedErrorCode = CodesOf<"refused">;
export type ProviderErrorCode = CodesOf<"provider">;
export type TransportErrorCode = CodesOf<"transport">;
export type ComputerErrorCode = CodesOf<"computer">;
export type RemoteErrorCode = CodesOf<"remote">;
