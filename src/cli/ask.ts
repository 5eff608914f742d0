import { CancelledError, RefusedError } from "../errors/error.ts";
import type { CliContext } from "./context.ts";

/** True where somebody can be asked: both ends are a terminal. */
export function canAsk(context: CliContext): boolean {
  return context.isInputTerminal && context.stdout.isTTY === true;
}

/**
 * Asks for a yes.
 *
 * @throws RefusedError NOT_CONFIRMED when the answer is anything else, or nobody can be asked; CancelledError on Ctrl-C
 */
export async function confirm(
  context: CliContext,
  question: string,
  refusal: string,
): Promise<void> {
  const { confirm: ask, isCancel } = await import("@clack/prompts");
  const answer = await ask({ message: question, initialValue: false, signal: context.signal });
  if (isCancel(answer)) throw new CancelledError(refusal);
  if (!answer) throw new RefusedError("NOT_CONFIRMED", refusal);
}

/**
 * Asks to type one of the words.
 *
 * @throws RefusedError NOT_CONFIRMED when something else was typed
 */
export async function confirmByTyping(
  context: CliContext,
  question: string,
  words: readonly string[],
  refusal: string,
): Promise<void> {
  const { text, isCancel } = await import("@clack/prompts");
  const answer = await text({ message: question, signal: context.signal });
  if (isCancel(answer)) throw new CancelledError(refusal);
  if (!words.includes(answer.trim())) {
    throw new RefusedError("NOT_CONFIRMED", refusal);
  }
}
