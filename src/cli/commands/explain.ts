import { ERROR_CODES, type ErrorCode, type ErrorCodeEntry } from "../../errors/codes.ts";
import { UserError } from "../../errors/error.ts";
import type { CliContext, ExitCode } from "../context.ts";
import type { OutputFlags } from "../flags.ts";
import { nearestWord } from "../../stack/suggest.ts";
import { printJson, printAdvice } from "../print.ts";

export async function explain(
  context: CliContext,
  flags: OutputFlags,
  word?: string,
): Promise<ExitCode> {
  if (word === undefined) {
    if (flags.json) printJson(context, ERROR_CODES);
    else
      printAdvice(
        context,
        Object.entries(ERROR_CODES).map(([name, entry]) => `${name.padEnd(22)} ${entry.means}`),
      );
    return 0;
  }
  const code = word.toUpperCase().replaceAll("-", "_");
  if (!Object.hasOwn(ERROR_CODES, code)) {
    const meant = nearestWord(code, Object.keys(ERROR_CODES));
    throw new UserError("USAGE", `There is no error code "${word}".`, {
      hint:
        meant === undefined
          ? "`bootmachine explain` lists all."
          : `Did you mean ${meant}? \`bootmachine explain\` lists all.`,
    });
  }
  const entry: ErrorCodeEntry = ERROR_CODES[code as ErrorCode];
  if (flags.json) printJson(context, { code, ...entry });
  else
    printAdvice(context, [
      `${code} (${entry.kind})`,
      "",
      `What it means:  ${entry.means}`,
      `What to do:     ${entry.todo}`,
    ]);
  return 0;
}
