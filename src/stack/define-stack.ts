import type { Environment } from "./environment.ts";
import type { StackInput } from "./stack-input.ts";

/** A config that depends on the environment. */
export type StackFunction = (context: {
  /** The environment variables of the command. */
  readonly env: Environment;
}) => StackInput | Promise<StackInput>;

/**
 * Declares a stack. It returns what it gets: its use is that an editor knows every option.
 *
 *     export default defineStack({ name: "shop", provider: local(), users: [...], servers: [...] });
 *
 * A function gets the environment: `defineStack(({ env }) => ({ ... }))`.
 */
export function defineStack(input: StackInput): StackInput;
export function defineStack(input: StackFunction): StackFunction;
export function defineStack(input: StackInput | StackFunction): StackInput | StackFunction {
  return input;
}
