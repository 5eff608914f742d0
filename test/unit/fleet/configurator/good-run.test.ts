import { describe, expect, test } from "vitest";

import { compareMark } from "../../../../src/fleet/configurator/good-run.ts";

describe("why the tool is to be run", () => {
  test.each([
    ["s1 t1", undefined],
    ["", "never configured"],
    ["unfinished", "the last run did not end well"],
    ["s1 t0", "the tree has changed since the last good run"],
    ["s0 t1", "its data has changed since the last good run"],
    ["s0 t0", "the tree and its data have changed since the last good run"],
  ])("mark %j: %s", (mark, why) => {
    expect(compareMark(mark, "s1 t1")).toBe(why);
  });
});
