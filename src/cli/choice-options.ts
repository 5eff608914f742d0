import type { ChoiceOptions } from "../report/choices.ts";
import type { CliContext } from "./context.ts";
import type { OutputFlags } from "./flags.ts";
import { columnsOf, styleFor } from "./output-style.ts";

/** On a terminal a cloud's hundreds would push the first ones out of sight; what reads a pipe wants all. */
const MOST_ON_A_TERMINAL = 40;

export function choiceOptions(
  context: CliContext,
  flags: OutputFlags & { readonly all: boolean },
  words: readonly string[],
): ChoiceOptions {
  const isCut = context.stdout.isTTY === true && !flags.all;
  return {
    words,
    columns: columnsOf(context.stdout),
    most: isCut ? MOST_ON_A_TERMINAL : Number.POSITIVE_INFINITY,
    style: styleFor(context.stdout, context.env, flags.color),
  };
}
