import { isBootmachineError, RemoteError, UserError } from "../../errors/error.ts";
import type { Task } from "../../stack/task.ts";
import type { CliContext, ExitCode } from "../context.ts";
import type { SelectionFlags } from "../flags.ts";
import { openFleet, selectionOf } from "../open-fleet.ts";
import { printJson, printLines } from "../print.ts";
import { warnOnly } from "../warn-only.ts";

export async function run(
  context: CliContext,
  flags: SelectionFlags,
  name?: string,
): Promise<ExitCode> {
  const fleet = await openFleet(context, flags, warnOnly(context));
  const { tasks } = fleet.stack;
  if (name === undefined) {
    listTasks(context, flags, tasks);
    return 0;
  }
  const task = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
  if (task === undefined) {
    const names = Object.keys(tasks);
    throw new UserError("TASK_UNKNOWN", `The config has no task "${name}".`, {
      hint:
        names.length === 0
          ? "It has none; see `tasks` in the guide."
          : `Tasks: ${names.join(", ")}.`,
    });
  }
  await fleet.withTaskHosts(selectionOf(flags), async (hosts) => {
    try {
      await task.run({
        stack: fleet.stack.name,
        hosts,
        args: context.tail ?? [],
        signal: context.signal,
        log: (text) => {
          context.stdout.write(
            flags.json ? `${JSON.stringify({ type: "log", text })}\n` : `${text}\n`,
          );
        },
      });
    } catch (thrown) {
      // What the user's own function throws is the user's, not a defect of ours.
      if (isBootmachineError(thrown)) throw thrown;
      const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      throw new RemoteError(
        "COMMAND_FAILED",
        `The task "${name}" threw: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
        {
          hint: "It is a function of your own config; its place is shown above.",
          output: stack.split("\n").slice(0, 8),
          cause: thrown,
        },
      );
    }
  });
  return context.signal.aborted ? 130 : 0;
}

function listTasks(
  context: CliContext,
  flags: SelectionFlags,
  tasks: Readonly<Record<string, Task>>,
): void {
  const entries = Object.entries(tasks).map(([name, { description }]) => ({ name, description }));
  if (flags.json) {
    printJson(context, entries);
    return;
  }
  const width = Math.max(0, ...entries.map(({ name }) => name.length));
  printLines(
    context,
    entries.length === 0
      ? ["The config has no tasks."]
      : entries.map(({ name, description }) => `${name.padEnd(width)}  ${description}`),
  );
}
