import { sanitize } from "../../report/display-width.ts";
import type { CliContext, ExitCode } from "../context.ts";
import type { ConfigFlags } from "../flags.ts";
import { openFleet } from "../open-fleet.ts";
import { printJson, printLines } from "../print.ts";
import { warnOnly } from "../warn-only.ts";

export async function console(
  context: CliContext,
  flags: ConfigFlags,
  server: string,
): Promise<ExitCode> {
  const fleet = await openFleet(context, flags, warnOnly(context));
  const lines = (await fleet.console(server)).trimEnd().split("\n").map(sanitize);
  if (flags.json) printJson(context, { server, lines });
  else printLines(context, lines);
  return 0;
}
