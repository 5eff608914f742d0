/** A configuration-management tool that `bench/tools.ts` measures: set up by bootmachine, and by hand. */
export interface BenchTool {
  readonly name: string;
  /** In the report; default: the name. */
  readonly title?: string;
  readonly image: string;
  /** Size of the master, where the tool needs a larger one. */
  readonly masterSize?: string;
  /** Whether the stack has a master; the first server is it. */
  readonly hasMaster: boolean;
  /**
   * Gets ready what both sides use (the user's tree, a package service) in an empty folder of the tool's own.
   *
   * @returns the configurator as it stands in the config, environment for the script by hand, and what ends it all
   */
  prepare(folder: string): Promise<{
    readonly configurator: Readonly<Record<string, unknown>>;
    readonly env: Readonly<Record<string, string>>;
    stop(): Promise<void>;
  }>;
  /**
   * `sh SCRIPT SSH_CONFIG FOLDER SERVER...` from this folder: on booted, secured servers it installs the tool and runs it,
   * on all at once. The first server is the master. SSH_CONFIG leads to each by its name, as a user with sudo.
   */
  readonly byHand: string;
  /** In this folder: shell text, run as root on each server, that sees whether the tool is as it should be; `bad WHAT` where not. */
  readonly check: string;
}
