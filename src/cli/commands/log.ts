import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { UserError } from "../../errors/error.ts";
import { statePathsOf } from "../../fleet/state-paths.ts";
import { parseJournal, viewOf } from "../../report/journal-text.ts";
import { renderRun, renderRunList } from "../../report/log-text.ts";
import type { RunView } from "../../report/run-view.ts";
import type { CliContext, ExitCode } from "../context.ts";
import type { ConfigFlags } from "../flags.ts";
import { openStack } from "../open-fleet.ts";
import { columnsOf, styleFor } from "../output-style.ts";
import { printJson, printLines } from "../print.ts";
import { writeOutput } from "../write-output.ts";

export interface LogFlags extends ConfigFlags {
  readonly html?: string;
  readonly list: boolean;
}

/** Runs shown in the list. */
const LISTED_RUNS = 20;

export async function log(
  context: CliContext,
  flags: LogFlags,
  wanted?: string,
): Promise<ExitCode> {
  const stack = await openStack(context, flags);
  const directory = statePathsOf(stack).journals;
  const ids = (await readdir(directory).catch(() => []))
    .filter((name) => name.endsWith(".jsonl"))
    .map((name) => name.slice(0, -".jsonl".length))
    .toSorted();
  const style = styleFor(context.stdout, context.env, flags.color);
  const columns = columnsOf(context.stdout);
  if (flags.list || (ids.length === 0 && wanted === undefined)) {
    const runs = await Promise.all(ids.slice(-LISTED_RUNS).map((id) => readRun(directory, id)));
    if (flags.json) printJson(context, runs.map(summaryOf));
    else printLines(context, renderRunList(runs, { columns, style }));
    return 0;
  }
  const id = pickRun(ids, wanted);
  const view = await readRun(directory, id);
  if (flags.html !== undefined) {
    const { renderHtml } = await import("../../report/html.ts");
    const file = await writeOutput(context, "--html", flags.html, renderHtml(view));
    context.stderr.write(`Written: ${file}\n`);
    return 0;
  }
  if (flags.json) {
    context.stdout.write(await readFile(join(directory, `${id}.jsonl`), "utf8"));
    return 0;
  }
  const earlier = await Promise.all(ids.slice(-5).map((name) => readRun(directory, name)));
  printLines(context, [
    ...renderRunList(earlier, { columns, style }),
    "",
    ...renderRun(view, { columns: Number.isFinite(columns) ? columns : 100, style }),
  ]);
  return 0;
}

async function readRun(directory: string, id: string): Promise<RunView> {
  const view = viewOf(
    parseJournal(await readFile(join(directory, `${id}.jsonl`), "utf8").catch(() => "")),
  );
  return { ...view, runId: id };
}

function pickRun(ids: readonly string[], wanted: string | undefined): string {
  if (wanted === undefined) return ids.at(-1) ?? "";
  const found = ids.filter((id) => id.startsWith(wanted));
  const [only] = found;
  if (found.length === 1 && only !== undefined) return only;
  throw new UserError(
    "USAGE",
    found.length === 0 ? `There is no run "${wanted}".` : `"${wanted}" fits ${found.length} runs.`,
    {
      hint: "`bootmachine log --list` shows the runs.",
    },
  );
}

function summaryOf(view: RunView): unknown {
  return {
    runId: view.runId,
    command: view.command,
    at: new Date(view.startedAt).toISOString(),
    outcome: view.outcome ?? "cut off",
    ms: view.lastAt - view.startedAt,
    servers: view.servers.map(({ name }) => name),
  };
}
