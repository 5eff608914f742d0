import type { FleetEvent } from "../fleet/events.ts";
import { EMPTY_RUN, reduceRun, type RunView } from "./run-view.ts";

/** A journal's events. A last line that was cut off by a crash, or any other broken line, is left out. */
export function parseJournal(text: string): readonly FleetEvent[] {
  return text.split("\n").flatMap((line) => {
    if (line === "") return [];
    try {
      const value: unknown = JSON.parse(line);
      return isEvent(value) ? [value] : [];
    } catch {
      return [];
    }
  });
}

export function viewOf(events: readonly FleetEvent[]): RunView {
  return events.reduce(reduceRun, EMPTY_RUN);
}

function isEvent(value: unknown): value is FleetEvent {
  return (
    typeof value === "object" &&
    value !== null &&
    "type" in value &&
    typeof value.type === "string" &&
    "at" in value &&
    typeof value.at === "string" &&
    !Number.isNaN(Date.parse(value.at))
  );
}
