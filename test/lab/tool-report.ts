import type { FleetEvent } from "../../src/fleet/events.ts";

/** How each phase of a server ended, by phase. */
export function outcomes(events: readonly FleetEvent[], server: string): Record<string, string> {
  return Object.fromEntries(
    events.flatMap((event) =>
      event.type === "phase-ended" && event.server === server ? [[event.phase, event.outcome]] : [],
    ),
  );
}

/** What the configuration-management tool itself reports of a server, by status. */
export function toolReport(events: readonly FleetEvent[], server: string, status: string) {
  return events.flatMap((event) =>
    event.type === "resource" &&
    event.server === server &&
    event.tool !== undefined &&
    event.status === status
      ? [event]
      : [],
  );
}
