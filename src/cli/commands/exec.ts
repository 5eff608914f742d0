import { UserError } from "../../errors/error.ts";
import { renderError } from "../../report/error-text.ts";
import { sanitize } from "../../report/display-width.ts";
import { toBootmachineError } from "../../errors/error.ts";
import { quote } from "../../program/quote.ts";
import type { CliContext, ExitCode } from "../context.ts";
import type { SelectionFlags } from "../flags.ts";
import { openFleet, selectionOf } from "../open-fleet.ts";
import { styleFor } from "../output-style.ts";
import { nameCommands } from "../own-name.ts";
import { warnOnly } from "../warn-only.ts";

export interface ExecFlags extends SelectionFlags {
  readonly root: boolean;
  /** Seconds. */
  readonly timeout: number;
}

export async function exec(
  context: CliContext,
  flags: ExecFlags,
  ...servers: string[]
): Promise<ExitCode> {
  const script = scriptOf(context.tail);
  const fleet = await openFleet(context, flags, warnOnly(context));
  const style = styleFor(context.stdout, context.env, flags.color);
  const selection = selectionOf(flags, servers);
  const results = await fleet.onHosts(selection, async (host) => {
    const result = await host.run(script, {
      asRoot: flags.root,
      signal: context.signal,
      timeoutMs: flags.timeout * 1000,
      onLine: (line) => {
        if (!flags.json)
          context.stdout.write(`${style(host.server, "name")} | ${sanitize(line)}\n`);
      },
    });
    if (!flags.json) {
      for (const line of result.stderr.split("\n").filter((text) => text !== "")) {
        context.stderr.write(`${style(host.server, "name")} ! ${sanitize(line)}\n`);
      }
    }
    return result;
  });
  let failed = 0;
  for (const { server, result, error } of results) {
    if (flags.json) {
      const record = error === undefined ? undefined : toBootmachineError(error).toRecord();
      context.stdout.write(
        `${JSON.stringify({ server, ...result, ...(record === undefined ? {} : { error: record }) })}\n`,
      );
    }
    if (error !== undefined) {
      failed += 1;
      const lines = renderError(
        { ...toBootmachineError(error).toRecord(), server },
        styleFor(context.stderr, context.env, flags.color),
      );
      if (!flags.json) context.stderr.write(`${nameCommands(lines.join("\n"), context.env)}\n`);
    } else if (result !== undefined && result.status !== 0) {
      failed += 1;
      if (!flags.json)
        context.stderr.write(`${style(server, "name")}: exit status ${result.status}\n`);
    }
  }
  if (failed > 0 && !flags.json) context.stderr.write(`${failed} of ${results.length} failed.\n`);
  return context.signal.aborted ? 130 : failed > 0 ? 1 : 0;
}

/** One word is shell text as it stands; several are one command, each word quoted. */
function scriptOf(tail: readonly string[] | undefined): string {
  if (tail === undefined || tail.length === 0) {
    throw new UserError("USAGE", "The command to run is missing.", {
      hint: "It stands after `--`: `bootmachine exec web1 -- uptime`.",
    });
  }
  return tail.length === 1 ? (tail[0] ?? "") : tail.map(quote).join(" ");
}
