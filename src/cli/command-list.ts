/**
 * Every command in one table: what `--help` shows, what completion proposes and what the reference is made from.
 * It imports nothing, so that `bootmachine --help` stays quick.
 */
export interface CommandEntry {
  readonly group: "Begin" | "Bring up" | "Look" | "Use" | "Take down" | "Help";
  /** One line, without a full stop. */
  readonly brief: string;
  /** Words after the command's name in its usage line, without the flags. */
  readonly words?: string;
}

export const COMMANDS = {
  init: { group: "Begin", brief: "Write a config file to start from" },
  up: { group: "Bring up", brief: "Boot, secure and prove every server of the stack" },
  plan: { group: "Bring up", brief: "Show what `up` would change, and change nothing" },
  boot: { group: "Bring up", brief: "Only boot the machines" },
  bootstrap: {
    group: "Bring up",
    brief: "Only prove the host keys and bring the systems up to date",
  },
  secure: { group: "Bring up", brief: "Only close the doors: users, ssh, firewall, updates" },
  configure: {
    group: "Bring up",
    brief: "Only install, enrol and run the configuration-management tool",
  },
  verify: { group: "Look", brief: "Prove the state of the servers from outside and inside" },
  status: { group: "Look", brief: "List the servers: machine, address, reachable, secured" },
  inventory: { group: "Look", brief: "Print the servers for other tools" },
  log: { group: "Look", brief: "Show past runs, and the time line of one" },
  console: { group: "Look", brief: "Print the console log of a server", words: "SERVER" },
  images: { group: "Look", brief: "List the provider's images", words: "[WORD...]" },
  sizes: { group: "Look", brief: "List the provider's sizes", words: "[WORD...]" },
  ssh: { group: "Use", brief: "Log in to a server", words: "SERVER [-- SSH ARGUMENTS]" },
  exec: {
    group: "Use",
    brief: "Run a command on servers, in parallel",
    words: "[SERVER...] -- COMMAND",
  },
  put: { group: "Use", brief: "Copy a file to servers", words: "FILE PATH [SERVER...]" },
  run: { group: "Use", brief: "Call a task of your config", words: "[TASK] [-- ARGUMENTS]" },
  configurator: {
    group: "Use",
    brief: "Use the configuration-management tool: agents, push, run …",
    words: "COMMAND",
  },
  reboot: { group: "Use", brief: "Reboot servers, and prove that they did", words: "[SERVER...]" },
  destroy: { group: "Take down", brief: "Destroy the machines; asks first" },
  explain: { group: "Help", brief: "Say what an error code means and what to do", words: "[CODE]" },
  completion: {
    group: "Help",
    brief: "Print the completion script for a shell",
    words: "bash|zsh|fish",
  },
  help: { group: "Help", brief: "Show the help of a command", words: "[COMMAND]" },
} as const satisfies Record<string, CommandEntry>;

/** What `bootmachine configurator` can do. */
export const CONFIGURATOR_COMMANDS = {
  agents: { brief: "List the agents that the master knows, and strangers" },
  accept: { brief: "Enrol a server of the stack with the master", words: "SERVER" },
  revoke: { brief: "Take the trust in an agent away; asks first", words: "[NAME]" },
  restart: { brief: "Restart the tool's daemons, the master's first", words: "[SERVER...]" },
  push: { brief: "Bring your tree to where the tool reads it", words: "[SERVER...]" },
  run: { brief: "Run the tool now", words: "[SERVER...]" },
} as const satisfies Record<string, Omit<CommandEntry, "group">>;

export type CommandName = keyof typeof COMMANDS;

export function isCommandName(word: string): word is CommandName {
  return Object.hasOwn(COMMANDS, word);
}

/** What the argument parser shows of a command in its help. */
export function docsOf(
  name: CommandName,
  fullDescription?: string,
): {
  readonly brief: string;
  readonly fullDescription?: string;
  readonly customUsage: readonly string[];
} {
  return describe(COMMANDS[name], fullDescription);
}

/** The same for a command of `bootmachine configurator`. */
export function docsOfConfigurator(
  name: keyof typeof CONFIGURATOR_COMMANDS,
  fullDescription: string,
): ReturnType<typeof docsOf> {
  return describe(CONFIGURATOR_COMMANDS[name], fullDescription);
}

function describe(
  { brief, words }: Omit<CommandEntry, "group">,
  fullDescription: string | undefined,
): ReturnType<typeof docsOf> {
  return {
    brief,
    customUsage: [words === undefined ? "[FLAGS]" : `[FLAGS] ${words}`],
    ...(fullDescription === undefined ? {} : { fullDescription }),
  };
}
