import type { FleetEvent, OutputEvent, Phase } from "../fleet/events.ts";

/** When in a phase a run is cut off. */
export type Moment = "first" | "half" | "last but one" | "while the tool runs";

/** The server and the phase that is cut off. */
export interface Place {
  readonly server: string;
  readonly phase: Phase;
}

/** All that is told of the work of a phase, in its order, each thing once. What varies from run to run is left out. */
export function workOf(events: readonly FleetEvent[], place: Place): readonly string[] {
  return [...new Set(events.flatMap((event) => toldBy(event, place) ?? []))];
}

/**
 * A question to each event of a run: is this the moment?
 *
 * It is where the run tells the same as the earlier one did there. A run that leaves that out is stopped as soon as it has
 * told as many things, or at the end of the phase: whatever else happens, it is stopped once. Only for a tool that runs there
 * is nothing else: what it says while it runs is the one sign of it.
 *
 * @param work of an earlier run from the same beginning
 */
export function momentIn(
  work: readonly string[],
  moment: Moment,
  place: Place,
): (event: FleetEvent) => boolean {
  let isPast = false;
  if (moment === "while the tool runs") {
    // On whichever server it runs: a tool that pushes does so on its master for all.
    return (event) => {
      if (isPast || !isSaidByTool(event) || event.phase !== place.phase) return false;
      return (isPast = true);
    };
  }
  const index = indexOf(moment, work.length);
  const seen = new Set<string>();
  return (event) => {
    if (isPast || !("server" in event) || event.server !== place.server) return false;
    if (moment === "first" && isBeginning(event, place)) return (isPast = true);
    const told = toldBy(event, place);
    if (told !== undefined) seen.add(told);
    isPast =
      (told !== undefined && (told === work[index] || seen.size > index)) ||
      (event.type === "phase-ended" && event.phase === place.phase);
    return isPast;
  };
}

/** A line of what the tool prints while it runs. */
export function isSaidByTool(event: FleetEvent): event is OutputEvent {
  return event.type === "output" && event.tool !== undefined;
}

function indexOf(moment: Exclude<Moment, "while the tool runs">, length: number): number {
  switch (moment) {
    case "first":
      return 0;
    case "half":
      return Math.floor(length / 2);
    case "last but one":
      return Math.max(0, length - 2);
  }
}

/** Something was really begun: the phase by itself may be over before a signal arrives. */
function isBeginning(event: FleetEvent, { phase }: Place): boolean {
  return (
    (event.type === "step" || event.type === "resource" || event.type === "output") &&
    event.phase === phase
  );
}

function toldBy(event: FleetEvent, { server, phase }: Place): string | undefined {
  if (event.type !== "step" && event.type !== "resource") return undefined;
  if (event.server !== server || event.phase !== phase) return undefined;
  if (event.type === "resource") return `resource ${event.id}`;
  return event.isBrief === true ? undefined : `step ${event.text}`;
}
