import { RefusedError } from "../../errors/error.ts";
import type { DestroyedServer } from "../../fleet/fleet-contract.ts";
import { renderDestroyQuestion, renderDestroyed } from "../../report/destroy-text.ts";
import { canAsk, confirmByTyping } from "../ask.ts";
import type { CliContext, ExitCode } from "../context.ts";
import type { ChangeFlags } from "../flags.ts";
import { makeReporter } from "../make-reporter.ts";
import { openFleet, selectionOf } from "../open-fleet.ts";
import { styleFor } from "../output-style.ts";
import { printAdvice } from "../print.ts";

export interface DestroyFlags extends ChangeFlags {
  readonly orphans: boolean;
}

export async function destroy(context: CliContext, flags: DestroyFlags): Promise<ExitCode> {
  const reporter = makeReporter(context, flags);
  let results: readonly DestroyedServer[];
  try {
    const fleet = await openFleet(context, flags, (event) => reporter.onEvent(event));
    const selection = { ...selectionOf(flags), orphansOnly: flags.orphans };
    if (!flags.yes) {
      const found = await fleet.destroyable(selection);
      reporter.close();
      const { name, provider } = fleet.stack;
      const declared = fleet.stack.servers.map((server) => server.name);
      const style = styleFor(context.stdout, context.env, flags.color);
      const lines = renderDestroyQuestion(
        found,
        {
          stack: name,
          isRehearsal: flags.rehearse,
          declared,
          creates: provider.capabilities.creates,
        },
        style,
      );
      if (found.machines.length + found.leftovers.length > 0) {
        if (!canAsk(context)) {
          context.stderr.write(`${lines.join("\n")}\n`);
          throw new RefusedError(
            "NOT_CONFIRMED",
            "Nobody can be asked here, so nothing was destroyed.",
            {
              hint: `\`bootmachine destroy --yes${flags.rehearse ? " --rehearse" : ""}\` destroys without asking.`,
            },
          );
        }
        context.stdout.write(`${lines.join("\n")}\n`);
        await confirmByTyping(
          context,
          `Type "yes" or the stack's name (${name}) to destroy them.`,
          ["yes", name],
          "Nothing was destroyed.",
        );
      }
    }
    results = await fleet.destroy(selection);
  } finally {
    reporter.close();
  }
  if (flags.json) {
    for (const result of results)
      context.stdout.write(`${JSON.stringify({ type: "destroyed", ...result })}\n`);
  } else {
    const style = styleFor(context.stdout, context.env, flags.color);
    printAdvice(context, renderDestroyed(results, style, flags.rehearse ? " --rehearse" : ""));
  }
  return results.some((result) => result.error !== undefined) ? 1 : 0;
}
