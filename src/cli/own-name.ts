import type { FleetEvent } from "../fleet/events.ts";
import type { Reporter } from "../report/reporter.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Set by a program that calls this one under another name, as `npm run demo` does: what its user has to type. */
const NAME_VARIABLE = "BOOTMACHINE_COMMAND";

/** True where another program calls this one and tells its user itself how to go on. */
export function isWrapped(env: Environment): boolean {
  return wrapperName(env) !== undefined;
}

/** What the user has to type to call this program again: "bootmachine", "npx bootmachine", or a wrapper's words. */
export function ownName(env: Environment): string {
  // npx and `npm exec` find the program where the shell does not, and say so to it in npm_command.
  return wrapperName(env) ?? (env["npm_command"] === "exec" ? "npx bootmachine" : "bootmachine");
}

function wrapperName(env: Environment): string | undefined {
  const name = env[NAME_VARIABLE]?.trim() ?? "";
  return /^[\w./@:+ -]+$/.test(name) ? name : undefined;
}

/** The text, whose commands (`bootmachine up`, in backticks) are as the user has to type them. */
export function nameCommands(text: string, env: Environment): string {
  return text.replaceAll("`bootmachine ", `\`${ownName(env)} `);
}

/** A reporter for people, which gets errors and notes whose commands are as the user has to type them. */
export function namingCommands(reporter: Reporter, env: Environment): Reporter {
  if (ownName(env) === "bootmachine") return reporter;
  return {
    onEvent: (event) => reporter.onEvent(nameInEvent(event, env)),
    onCancelling: () => reporter.onCancelling(),
    close: () => reporter.close(),
    get view() {
      return reporter.view;
    },
  };
}

function nameInEvent(event: FleetEvent, env: Environment): FleetEvent {
  if (event.type === "note") return { ...event, text: nameCommands(event.text, env) };
  if (event.type !== "error") return event;
  const { error } = event;
  return {
    ...event,
    error: {
      ...error,
      message: nameCommands(error.message, env),
      hint: nameCommands(error.hint, env),
    },
  };
}
