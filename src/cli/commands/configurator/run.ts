import { requireConfigurator } from "../../../fleet/configurator/require-configurator.ts";
import type { CliContext, ExitCode } from "../../context.ts";
import type { ChangeFlags } from "../../flags.ts";
import { runPhases } from "../../run-phases.ts";

/** Runs the tool now, whatever was run before; what it needs is brought over first. */
export function run(
  context: CliContext,
  flags: ChangeFlags,
  ...servers: string[]
): Promise<ExitCode> {
  return runPhases(
    context,
    { ...flags, server: [...(flags.server ?? []), ...servers] },
    {
      command: "configurator run",
      phases: ["configure"],
      forceConfigure: true,
      guard: requireConfigurator,
    },
  );
}
