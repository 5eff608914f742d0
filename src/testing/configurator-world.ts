import type { FleetEvent } from "../fleet/events.ts";

/** How one command of bootmachine ended. */
export interface SuiteCommand {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Where it was run with `--json` and writes events. */
  readonly events: readonly FleetEvent[];
}

/**
 * One stack of real servers, of which the suite makes and destroys some. It uses the configurator in question, the
 * operator may do everything, and nothing else works on it.
 */
export interface ConfiguratorWorld {
  /** The folder of the config: the user's tree lies in it. */
  readonly directory: string;
  /** Writes the config anew with these servers; the first one is the master where the tool has one. No machine is touched. */
  useServers(names: readonly string[]): Promise<void>;
  /**
   * Runs a command of bootmachine: ["up", "--yes", "--json"].
   *
   * @param onEvent called for each event as it comes, with a way to stop the command as a user would (SIGINT, Ctrl-C) or
   *   as a power cut would (SIGKILL)
   */
  run(
    words: readonly string[],
    onEvent?: (event: FleetEvent, stop: (signal: "SIGINT" | "SIGKILL") => void) => void,
  ): Promise<SuiteCommand>;
  /** Runs shell text as root on a server that was set up. */
  onServer(
    server: string,
    script: string,
  ): Promise<{ readonly status: number; readonly stdout: string }>;
  /** Destroys all that there is, whatever state it is in. */
  close(): Promise<void>;
}

/** A tree of the user's, as this tool wants it. */
export interface SuiteTree {
  /**
   * Writes, or changes, a tree that makes every server have a file at `path` with `text` and a newline in it.
   *
   * @param directory the folder of the config
   * @param program absolute path of a program that is there on every server: the tree makes the tool run it too, each time
   */
  write(directory: string, path: string, text: string, program?: string): Promise<void>;
  /** Breaks the tree: the tool itself, when it runs, finds that. Gives back what its own words must say. */
  break(directory: string): Promise<RegExp>;
}

/** What the suite must know about the agents of a tool with the topology "agent". */
export interface SuiteAgent {
  /**
   * Shell text that keeps the agent of a server from answering, now and after a reboot: stopped, disabled. Of a tool without a
   * daemon: its key is taken away.
   */
  readonly silence: string;
  /**
   * A stranger. `start` is run on a member, which the master's firewall lets in: another agent, with a configuration and
   * keys of its own in a folder of its own, asks the master to be accepted under the name `id`. `stop` ends and removes it.
   */
  readonly stranger: (masterAddress: string) => {
    readonly id: string;
    readonly start: string;
    readonly stop: string;
    /**
     * Whether the master keeps in mind who has asked, so that it can be shown; default true. Where it keeps nothing, `start` exits 0
     * only if the master itself has refused.
     */
    readonly isShown?: boolean;
  };
}
