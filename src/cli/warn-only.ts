import type { FleetEvent } from "../fleet/events.ts";
import { sanitize } from "../report/display-width.ts";
import type { CliContext } from "./context.ts";
import { nameCommands } from "./own-name.ts";

/** For commands whose output is their result: of the events, only warnings are shown, on standard error. */
export function warnOnly(context: CliContext): (event: FleetEvent) => void {
  return (event) => {
    if (event.type !== "note" || event.level !== "warning") return;
    const server = event.server === undefined ? "" : `${event.server}: `;
    context.stderr.write(`warning: ${server}${sanitize(nameCommands(event.text, context.env))}\n`);
  };
}
