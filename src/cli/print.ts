import type { CliContext } from "./context.ts";

/** The result of a command that was asked for data: one JSON document, indented. */
export function printJson(context: CliContext, value: unknown): void {
  context.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

export function printLines(context: CliContext, lines: readonly string[]): void {
  if (lines.length > 0) context.stdout.write(`${lines.join("\n")}\n`);
}
