import { renderStatus } from "../../report/status-table.ts";
import type { CliContext, ExitCode } from "../context.ts";
import type { SelectionFlags } from "../flags.ts";
import { openFleet, selectionOf } from "../open-fleet.ts";
import { columnsOf, styleFor } from "../output-style.ts";
import { printJson, printAdvice } from "../print.ts";
import { warnOnly } from "../warn-only.ts";

export async function status(context: CliContext, flags: SelectionFlags): Promise<ExitCode> {
  const fleet = await openFleet(context, flags, warnOnly(context));
  const servers = await fleet.status(selectionOf(flags));
  if (flags.json) {
    printJson(context, servers);
    return 0;
  }
  const style = styleFor(context.stdout, context.env, flags.color);
  printAdvice(
    context,
    renderStatus(servers, {
      stack: fleet.stack.name,
      isRehearsal: fleet.stack.rehearsal !== undefined,
      provider: fleet.stack.provider.name,
      columns: columnsOf(context.stdout),
      now: Date.now(),
      style,
    }),
  );
  return 0;
}
