import type { SuiteCommand } from "./configurator-world.ts";

/** So much of what a command said goes into the message of a failed assertion. */
const LAST_LINES = 60;

/** What a command said that matters to the message of a failed assertion. */
export function story(
  words: readonly string[],
  { status, stdout, stderr, events }: SuiteCommand,
): string {
  const lines =
    events.length === 0
      ? stdout.split("\n")
      : events.flatMap((event) => {
          switch (event.type) {
            case "error":
            case "note":
            case "phase-ended":
            case "output":
              return [JSON.stringify(event)];
            case "resource":
              return event.status === "ok" ? [] : [JSON.stringify(event)];
            case "check":
              return event.check.status === "failed" ? [JSON.stringify(event)] : [];
            default:
              return [];
          }
        });
  const shown = lines.slice(-LAST_LINES).join("\n");
  return `bootmachine ${words.join(" ")} ended with ${status}\n${shown}\n${stderr}`;
}
