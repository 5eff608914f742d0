import { renderPlan } from "../../report/plan-text.ts";
import type { CliContext, ExitCode } from "../context.ts";
import type { SelectionFlags } from "../flags.ts";
import { makeReporter } from "../make-reporter.ts";
import { openFleet, selectionOf } from "../open-fleet.ts";
import { styleFor } from "../output-style.ts";
import { exitCodeOf } from "../run-phases.ts";

export async function plan(context: CliContext, flags: SelectionFlags): Promise<ExitCode> {
  // In a pipe the plan itself is the output; the lines of its making would only be in the way.
  const isLive = context.stdout.isTTY === true || flags.json || flags.verbose;
  const reporter = makeReporter(
    isLive ? context : { ...context, stdout: { write: () => true } },
    flags,
  );
  try {
    const fleet = await openFleet(context, flags, (event) => reporter.onEvent(event));
    const outcome = await fleet.run({
      selection: selectionOf(flags),
      mode: "plan",
      command: "plan",
    });
    reporter.close();
    if (!flags.json) {
      const lines = renderPlan(reporter.view, styleFor(context.stdout, context.env, flags.color));
      context.stdout.write(`${lines.join("\n")}\n`);
    }
    return exitCodeOf(outcome);
  } finally {
    reporter.close();
  }
}
