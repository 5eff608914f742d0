import type { CommandContext, StricliProcess } from "@stricli/core";

import type { ReportStream } from "../report/reporter.ts";

/** What the process gives to the commands: nothing below this reads the environment or the arguments. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly version: string;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly isInputTerminal: boolean;
  /** First abort: start nothing new, finish or undo the step in hand. */
  readonly signal: AbortSignal;
  /** Second abort: stop at once. */
  readonly hardSignal: AbortSignal;
}

export interface OutputStream extends ReportStream {
  readonly isTTY?: boolean;
  write(text: string): boolean;
}

/** What every command gets as `this` in the argument parser, and as its first argument from us. */
export interface CliContext extends CommandContext, Surroundings {
  readonly process: StricliProcess;
  /** The words after `--`. Undefined: there was no `--`. */
  readonly tail: readonly string[] | undefined;
  /** `runError`: an event has told of the error that ends the run, so it is not written to standard output again. */
  readonly told: { runError: boolean };
}

/** Exit statuses of the program (design: 0 done, 1 failed, 2 usage, 3 refused, 70 internal, 130 cancelled). */
export type ExitCode = 0 | 1 | 2 | 3 | 70 | 130;
