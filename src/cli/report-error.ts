import { exitStatusOf, toBootmachineError } from "../errors/error.ts";
import { renderError } from "../report/error-text.ts";
import { wrapLine } from "../report/fit-line.ts";
import type { CliContext, ExitCode, Surroundings } from "./context.ts";
import { writeDefectReport } from "./defect-report.ts";
import type { OutputFlags } from "./flags.ts";
import { columnsOf, styleFor } from "./output-style.ts";
import { nameCommands } from "./own-name.ts";
import { stackOf } from "./stack-text.ts";

/** Shows an error that ended a command, and answers with its exit status. */
export async function reportError(
  surroundings: Surroundings & Partial<Pick<CliContext, "told">>,
  flags: Pick<OutputFlags, "json" | "color" | "verbose"> & { readonly rehearse?: boolean },
  thrown: unknown,
): Promise<ExitCode> {
  const error = toBootmachineError(thrown);
  const record = error.toRecord();
  if (flags.json && surroundings.told?.runError !== true) {
    surroundings.stdout.write(
      `${JSON.stringify({ type: "error", at: new Date().toISOString(), error: record })}\n`,
    );
  }
  const style = styleFor(surroundings.stderr, surroundings.env, flags.color);
  const lines = [...renderError(record, style, flags.verbose ? stackOf(error) : undefined)];
  if (error.kind === "internal") {
    const file = await writeDefectReport(surroundings, error);
    lines.push(file === undefined ? stackOf(error) : `  details: ${file}`);
  }
  // Words of advice know nothing of rehearsals, and without the flag a command means the real servers.
  if (flags.rehearse === true && lines.some((line) => line.includes("`bootmachine ")))
    lines.push("  This is the rehearsal: the commands named here mean it with --rehearse only.");
  const columns = columnsOf(surroundings.stderr);
  const wrapped = lines.flatMap((line) => wrapLine(nameCommands(line, surroundings.env), columns));
  surroundings.stderr.write(`${wrapped.join("\n")}\n`);
  return exitStatusOf(error);
}
