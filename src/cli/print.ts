import type { CliContext } from "./context.ts";
import { nameCommands } from "./own-name.ts";

/** The result of a command that was asked for data: one JSON document, indented. */
export function printJson(context: CliContext, value: unknown): void {
  context.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Lines of ours with words of advice, whose commands are named as the user has to type them. */
export function printAdvice(context: CliContext, lines: readonly string[]): void {
  printLines(
    context,
    lines.map((line) => nameCommands(line, context.env)),
  );
}

export function printLines(context: CliContext, lines: readonly string[]): void {
  if (lines.length > 0) context.stdout.write(`${lines.join("\n")}\n`);
}
