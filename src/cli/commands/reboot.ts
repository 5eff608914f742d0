import { RefusedError } from "../../errors/error.ts";
import { selectServers } from "../../fleet/selection.ts";
import { canAsk, confirm } from "../ask.ts";
import type { CliContext, ExitCode } from "../context.ts";
import type { ChangeFlags } from "../flags.ts";
import { makeReporter } from "../make-reporter.ts";
import { openFleet, selectionOf } from "../open-fleet.ts";
import { exitCodeOf, isEverything, showSummary } from "../run-phases.ts";

export interface RebootFlags extends ChangeFlags {
  readonly hard: boolean;
}

export async function reboot(
  context: CliContext,
  flags: RebootFlags,
  ...servers: string[]
): Promise<ExitCode> {
  const reporter = makeReporter(context, flags);
  try {
    const fleet = await openFleet(context, flags, (event) => reporter.onEvent(event));
    const selection = selectionOf(flags, servers);
    if (isEverything(selection) && !flags.yes) {
      const names = selectServers(fleet.stack, selection)
        .map(({ name }) => name)
        .join(", ");
      if (!canAsk(context)) {
        throw new RefusedError(
          "NOT_CONFIRMED",
          `This would reboot every server (${names}), and nobody can be asked.`,
          {
            hint: "Name the servers, or pass --yes.",
          },
        );
      }
      await confirm(context, `Reboot every server (${names})?`, "Nothing was rebooted.");
    }
    const outcome = await fleet.reboot(selection, flags.hard ? "hard" : "soft");
    reporter.close();
    showSummary(context, flags, reporter, fleet);
    return exitCodeOf(outcome);
  } finally {
    reporter.close();
  }
}
