import { renderTable } from "../../report/table.ts";
import type { CliContext, ExitCode } from "../context.ts";
import type { ConfigFlags } from "../flags.ts";
import { openFleet } from "../open-fleet.ts";
import { columnsOf, styleFor } from "../output-style.ts";
import { printJson, printLines } from "../print.ts";
import { warnOnly } from "../warn-only.ts";

export async function images(context: CliContext, flags: ConfigFlags): Promise<ExitCode> {
  const fleet = await openFleet(context, flags, warnOnly(context));
  const list = await fleet.images();
  if (flags.json) {
    printJson(context, list);
    return 0;
  }
  const rows = list.map((image) => [image.name, image.title, image.note ?? ""]);
  printLines(
    context,
    renderTable(["IMAGE", "WHAT IT IS", "NOTE"], rows, {
      columns: columnsOf(context.stdout),
      style: styleFor(context.stdout, context.env, flags.color),
    }),
  );
  return 0;
}
