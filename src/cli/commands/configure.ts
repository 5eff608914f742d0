import type { CliContext, ExitCode } from "../context.ts";
import type { ChangeFlags } from "../flags.ts";
import { runPhases } from "../run-phases.ts";

export function configure(context: CliContext, flags: ChangeFlags): Promise<ExitCode> {
  return runPhases(context, flags, {
    command: "configure",
    phases: ["install", "enroll", "configure"],
    forceConfigure: true,
  });
}
