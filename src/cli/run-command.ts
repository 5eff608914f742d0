import type { CliContext } from "./context.ts";
import type { OutputFlags } from "./flags.ts";

/** A command's work: answers with the exit status (an `ExitCode`, but for ssh's own), or throws one of our errors. */
export type CommandWork<F, A extends readonly unknown[]> = (
  context: CliContext,
  flags: F,
  ...args: A
) => Promise<number>;

/** Wraps a command's work for the argument parser; the work's module is loaded only when the command is called. */
export function lazily<F extends OutputFlags, A extends readonly unknown[]>(
  load: () => Promise<CommandWork<F, A>>,
) {
  return async () =>
    async function run(this: CliContext, flags: F, ...args: A): Promise<void> {
      // The parser keeps a status that is set already.
      this.process.exitCode = await runGuarded(this, flags, load, args);
    };
}

async function runGuarded<F extends OutputFlags, A extends readonly unknown[]>(
  context: CliContext,
  flags: F,
  load: () => Promise<CommandWork<F, A>>,
  args: A,
): Promise<number> {
  try {
    const work = await load();
    return await work(context, flags, ...args);
  } catch (thrown) {
    const { reportError } = await import("./report-error.ts");
    return reportError(context, flags, thrown);
  }
}
