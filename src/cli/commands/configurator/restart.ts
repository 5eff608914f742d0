import type { CliContext, ExitCode } from "../../context.ts";
import type { SelectionFlags } from "../../flags.ts";
import { makeReporter } from "../../make-reporter.ts";
import { openFleet, selectionOf } from "../../open-fleet.ts";
import { exitCodeOf, showSummary } from "../../run-phases.ts";

export async function restart(
  context: CliContext,
  flags: SelectionFlags,
  ...servers: string[]
): Promise<ExitCode> {
  const reporter = makeReporter(context, flags);
  try {
    const fleet = await openFleet(context, flags, (event) => reporter.onEvent(event));
    const outcome = await fleet.restartAgents(selectionOf(flags, servers));
    reporter.close();
    showSummary(context, flags, reporter, fleet);
    return exitCodeOf(outcome);
  } finally {
    reporter.close();
  }
}
