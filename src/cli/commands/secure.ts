import type { CliContext, ExitCode } from "../context.ts";
import type { ChangeFlags } from "../flags.ts";
import { runPhases } from "../run-phases.ts";

export function secure(context: CliContext, flags: ChangeFlags): Promise<ExitCode> {
  return runPhases(context, flags, { command: "secure", phases: ["secure"] });
}
