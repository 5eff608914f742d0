import { relative } from "node:path";

import type { Phase } from "../fleet/events.ts";
import type { Fleet, RunOutcome, Selection } from "../fleet/fleet-contract.ts";
import type { Reporter } from "../report/reporter.ts";
import { renderSummary } from "../report/summary.ts";
import type { Stack } from "../stack/stack.ts";
import type { CliContext, ExitCode } from "./context.ts";
import type { ChangeFlags, OutputFlags } from "./flags.ts";
import { makeReporter } from "./make-reporter.ts";
import { openFleet, selectionOf } from "./open-fleet.ts";
import { columnsOf, styleFor } from "./output-style.ts";
import { isWrapped, nameCommands, ownName } from "./own-name.ts";
import { installPrerequisites } from "./prerequisites.ts";

/** up, boot, bootstrap, secure and configure: the same run with more or fewer phases. */
export async function runPhases(
  context: CliContext,
  flags: ChangeFlags,
  options: {
    readonly command: string;
    readonly phases?: readonly Phase[];
    readonly alwaysProve?: boolean;
    /** Run the tool also where nothing calls for it. */
    readonly forceConfigure?: boolean;
    /** Looks at the stack before anything begins; throws to refuse. */
    readonly guard?: (stack: Stack) => void;
  },
): Promise<ExitCode> {
  const reporter = makeReporter(context, flags);
  try {
    const fleet = await openFleet(context, flags, (event) => reporter.onEvent(event));
    options.guard?.(fleet.stack);
    if (options.phases === undefined || options.phases.includes("boot")) {
      await installPrerequisites(context, flags, fleet, options.command);
    }
    const outcome = await fleet.run({
      selection: selectionOf(flags),
      mode: "apply",
      command: options.command,
      ...(options.phases === undefined ? {} : { phases: options.phases }),
      ...(options.alwaysProve === undefined ? {} : { alwaysProve: options.alwaysProve }),
      ...(options.forceConfigure === undefined ? {} : { configure: options.forceConfigure }),
    });
    reporter.close();
    showSummary(context, flags, reporter, fleet);
    return exitCodeOf(outcome);
  } finally {
    reporter.close();
  }
}

/** The end of a run, for people; with --json the last event has said it. */
export function showSummary(
  context: CliContext,
  flags: OutputFlags,
  reporter: Reporter,
  fleet: Fleet,
): void {
  if (flags.json) return;
  const lines = renderSummary(reporter.view, {
    style: styleFor(context.stdout, context.env, flags.color),
    columns: columnsOf(context.stdout),
    sshConfigFile: isWrapped(context.env) ? undefined : nearPath(context.cwd, fleet.sshConfigFile),
    program: ownName(context.env),
    showFailures: false,
    flag: fleet.stack.rehearsal === undefined ? "" : " --rehearse",
  });
  context.stdout.write(`${nameCommands(lines.join("\n"), context.env)}\n`);
}

export function exitCodeOf(outcome: Pick<RunOutcome, "outcome">): ExitCode {
  switch (outcome.outcome) {
    case "ok":
      return 0;
    case "failed":
      return 1;
    case "cancelled":
      return 130;
  }
}

export function isEverything(selection: Selection): boolean {
  return selection.servers.length === 0 && selection.roles.length === 0;
}

/** The shorter of the relative and the absolute path. */
export function nearPath(cwd: string, file: string): string {
  const near = relative(cwd, file);
  return near.length < file.length && !near.startsWith("../../..") ? near : file;
}
