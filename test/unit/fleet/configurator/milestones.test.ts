import { describe, expect, test } from "vitest";

import { CancelledError } from "../../../../src/errors/error.ts";
import { Milestones } from "../../../../src/fleet/configurator/milestones.ts";

const calm = new AbortController().signal;

describe("milestones", () => {
  test("an earlier one is reached with a later one", () => {
    const milestones = new Milestones();
    milestones.reach("web", "ready");
    expect(milestones.state("web", "enrolled")).toBe("reached");
    expect(milestones.state("web", "proved")).toBeUndefined();
  });

  test("what was reached stays reached when the server is given up", () => {
    const milestones = new Milestones();
    const error = new CancelledError();
    milestones.reach("web", "enrolled");
    milestones.giveUp("web", error);
    expect(milestones.state("web", "enrolled")).toBe("reached");
    expect(milestones.state("web", "ready")).toEqual({ failed: error });
  });

  test("a wait ends when each is reached or given up, and not before", async () => {
    const milestones = new Milestones();
    let isOver = false;
    const waiting = milestones.settled(["web", "db"], "ready", calm).then(() => (isOver = true));
    milestones.reach("web", "ready");
    await Promise.resolve();
    expect(isOver).toBe(false);
    milestones.giveUp("db", undefined);
    await waiting;
    expect(isOver).toBe(true);
  });

  test("a wait ends at its signal", async () => {
    const milestones = new Milestones();
    const abort = new AbortController();
    const waiting = milestones.settled(["web"], "enrolled", abort.signal);
    abort.abort(new CancelledError());
    await expect(waiting).rejects.toBeInstanceOf(CancelledError);
    await expect(milestones.settled(["web"], "enrolled", abort.signal)).rejects.toBeInstanceOf(
      CancelledError,
    );
  });
});
