import { describe, expect, test } from "vitest";

import type { FleetEvent, Phase } from "../../../src/fleet/events.ts";
import { type Moment, momentIn, workOf } from "../../../src/testing/interruption.ts";

const at = "2026-01-01T00:00:00.000Z";
const PLACE = { server: "one", phase: "enroll" } as const;

const step = (
  text: string,
  more: Partial<{ server: string; phase: Phase; isBrief: true }> = {},
): FleetEvent => ({
  at,
  type: "step",
  text,
  ...PLACE,
  ...more,
});
const resource = (id: string): FleetEvent => ({
  at,
  type: "resource",
  ...PLACE,
  id,
  status: "changed",
  ms: 1,
});
const output = (line: string): FleetEvent => ({ at, type: "output", ...PLACE, id: "x", line });
const ended: FleetEvent = {
  at,
  type: "phase-ended",
  ...PLACE,
  outcome: "changed",
  ms: 1,
  changes: 1,
};

/** A phase as it is told: beside its work there is what others do, what is brief, and what varies. */
const RUN: readonly FleetEvent[] = [
  step("installs", { phase: "install" }),
  step("for another", { server: "hub" }),
  output("a line"),
  step("make a key"),
  step("looks", { isBrief: true }),
  resource("key"),
  output("another line"),
  step("accept the key"),
  resource("accepted"),
  step("make a key"),
  step("pin the master's key"),
  resource("pinned"),
  ended,
];

/** Where a run is stopped: the events that it has told by then, the last of them the one at the moment. */
function stopOf(
  events: readonly FleetEvent[],
  moment: Moment,
  work = workOf(RUN, PLACE),
): FleetEvent | undefined {
  const isMoment = momentIn(work, moment, PLACE);
  const stops = events.filter((event) => isMoment(event));
  expect(stops.length).toBeLessThanOrEqual(1);
  return stops[0];
}

test("the work of a phase is what is told of it, each thing once, without what varies", () => {
  expect(workOf(RUN, PLACE)).toEqual([
    "step make a key",
    "resource key",
    "step accept the key",
    "resource accepted",
    "step pin the master's key",
    "resource pinned",
  ]);
});

describe("the moment", () => {
  test.each([
    ["first", output("a line")],
    ["half", resource("accepted")],
    ["last but one", step("pin the master's key")],
  ] as const)("%s", (moment, event) => {
    expect(stopOf(RUN, moment)).toEqual(event);
  });

  test("of a run that leaves out what was told there: after as many things, or at the end of the phase", () => {
    const without = RUN.filter((event) => event.type !== "resource" || event.id !== "accepted");
    expect(stopOf(without, "half")).toEqual(step("pin the master's key"));
    expect(stopOf([step("make a key"), resource("key"), ended], "last but one")).toEqual(ended);
  });

  test("of a phase with one thing is that thing", () => {
    const events = [resource("only"), ended];
    for (const moment of ["half", "last but one"] as const)
      expect(stopOf(events, moment, ["resource only"])).toEqual(resource("only"));
  });

  test("while the tool runs: when it says something, on whichever server; never without that", () => {
    const elsewhere = { ...output("a line"), server: "hub", tool: "pull" };
    const moment = "while the tool runs";
    const before = [step("make a key"), output("a resource's own")];
    expect(stopOf([...before, elsewhere, output("b"), ended], moment)).toEqual(elsewhere);
    expect(stopOf([...before, resource("key"), ended], moment)).toBeUndefined();
  });

  test("does not come in another phase, or for another server", () => {
    expect(
      stopOf([step("installs", { phase: "install" }), step("x", { server: "hub" })], "first"),
    ).toBeUndefined();
  });
});
