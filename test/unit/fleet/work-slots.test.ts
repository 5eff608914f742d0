import { expect, test } from "vitest";

import { WorkSlots } from "../../../src/fleet/work-slots.ts";

test("no more work at once than there are places, in the order of asking", async () => {
  const slots = new WorkSlots(2);
  const gates = [0, 1, 2].map(() => Promise.withResolvers<void>());
  const began: number[] = [];
  const all = gates.map((gate, index) =>
    slots.within(async () => {
      began.push(index);
      await gate.promise;
    }),
  );
  await Promise.resolve();
  expect(began).toEqual([0, 1]);
  gates[1]?.resolve();
  await all[1];
  expect(began).toEqual([0, 1, 2]);
  gates[0]?.resolve();
  gates[2]?.resolve();
  await Promise.all(all);
});

test("who waits for another lends its place, and takes one again before it goes on", async () => {
  const slots = new WorkSlots(1);
  const other = Promise.withResolvers<void>();
  const story: string[] = [];
  const waiting = slots.within(async (slot) => {
    story.push("first begins");
    await slot.lend(() => other.promise);
    story.push("first goes on");
  });
  const working = slots.within(async () => {
    story.push("second begins");
    other.resolve();
    await other.promise;
    await Promise.resolve();
    story.push("second ends");
  });
  await Promise.all([waiting, working]);
  expect(story).toEqual(["first begins", "second begins", "second ends", "first goes on"]);
});

test("a place comes free when the work fails", async () => {
  const slots = new WorkSlots(1);
  await expect(slots.within(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  await expect(slots.within(() => Promise.resolve("next"))).resolves.toBe("next");
  await expect(
    slots.within((slot) => slot.lend(() => Promise.reject(new Error("while lent")))),
  ).rejects.toThrow("while lent");
  await expect(slots.within(() => Promise.resolve("last"))).resolves.toBe("last");
});
