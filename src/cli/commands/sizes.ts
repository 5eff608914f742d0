import { renderTable } from "../../report/table.ts";
import type { CliContext, ExitCode } from "../context.ts";
import type { ConfigFlags } from "../flags.ts";
import { openFleet } from "../open-fleet.ts";
import { columnsOf, styleFor } from "../output-style.ts";
import { printJson, printLines } from "../print.ts";
import { warnOnly } from "../warn-only.ts";

export async function sizes(context: CliContext, flags: ConfigFlags): Promise<ExitCode> {
  const fleet = await openFleet(context, flags, warnOnly(context));
  const list = await fleet.sizes();
  if (flags.json) {
    printJson(context, list);
    return 0;
  }
  const rows = list.map((size) => [
    size.name,
    String(size.cpus),
    `${size.memoryMb} MB`,
    size.diskGb === undefined ? "-" : `${size.diskGb} GB`,
    size.note ?? "",
  ]);
  printLines(
    context,
    renderTable(["SIZE", "CPUS", "MEMORY", "DISK", "NOTE"], rows, {
      columns: columnsOf(context.stdout),
      style: styleFor(context.stdout, context.env, flags.color),
    }),
  );
  return 0;
}
