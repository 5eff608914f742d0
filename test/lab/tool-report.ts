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

/**
 * Who was being enrolled when the master had enrolled itself, and who of these was not enrolled when the tool began to run on the
 * master.
 */
export function enrolments(
  events: readonly FleetEvent[],
  master: string,
): { readonly begun: readonly string[]; readonly heldUp: readonly string[] } {
  const place = (isIt: (event: FleetEvent) => boolean): number => {
    const at = events.findIndex(isIt);
    return at === -1 ? Number.POSITIVE_INFINITY : at;
  };
  const ended = (server: string): number =>
    place(
      (event) =>
        event.type === "phase-ended" && event.phase === "enroll" && event.server === server,
    );
  const masterIsReady = ended(master);
  const toolBegins = place(
    (event) => event.type === "output" && event.phase === "configure" && event.server === master,
  );
  const begun = events.flatMap((event, at) =>
    event.type === "phase-started" &&
    event.phase === "enroll" &&
    at < masterIsReady &&
    event.server !== master
      ? [event.server]
      : [],
  );
  // Or nobody could have been held up.
  if (toolBegins === Number.POSITIVE_INFINITY)
    throw new Error(`nothing was told of the tool's run on ${master} while it ran`);
  return { begun, heldUp: begun.filter((server) => ended(server) > toolBegins) };
}
