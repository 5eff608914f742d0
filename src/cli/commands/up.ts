import type { CliContext, ExitCode } from "../context.ts";
import type { ChangeFlags } from "../flags.ts";
import { runPhases } from "../run-phases.ts";

export interface UpFlags extends ChangeFlags {
  readonly prove: boolean;
  readonly configure: boolean;
}

export function up(context: CliContext, flags: UpFlags): Promise<ExitCode> {
  return runPhases(context, flags, {
    command: "up",
    alwaysProve: flags.prove,
    forceConfigure: flags.configure,
  });
}
