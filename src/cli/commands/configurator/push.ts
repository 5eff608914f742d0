import { renderPushed } from "../../../report/push-text.ts";
import type { CliContext, ExitCode } from "../../context.ts";
import type { SelectionFlags } from "../../flags.ts";
import { makeReporter } from "../../make-reporter.ts";
import { openFleet, selectionOf } from "../../open-fleet.ts";
import { styleFor } from "../../output-style.ts";
import { printAdvice } from "../../print.ts";
import { exitCodeOf } from "../../run-phases.ts";

export async function push(
  context: CliContext,
  flags: SelectionFlags,
  ...servers: string[]
): Promise<ExitCode> {
  const reporter = makeReporter(context, flags);
  try {
    const fleet = await openFleet(context, flags, (event) => reporter.onEvent(event));
    const { pushed, ...outcome } = await fleet.pushTrees(selectionOf(flags, servers));
    reporter.close();
    if (flags.json) {
      for (const tree of pushed) {
        context.stdout.write(`${JSON.stringify({ type: "pushed", ...tree })}\n`);
      }
    } else {
      const lines = renderPushed(pushed, outcome.servers, {
        style: styleFor(context.stdout, context.env, flags.color),
        showAll: flags.verbose,
      });
      printAdvice(context, lines);
    }
    return exitCodeOf(outcome);
  } finally {
    reporter.close();
  }
}
