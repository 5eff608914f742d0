import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { editDistance, nearestWord, suggestWord } from "../../../src/stack/suggest.ts";

describe("did you mean", () => {
  it.each([
    ["", "abc", 3],
    ["kitten", "sitting", 3],
    ["regoin", "region", 1],
    ["same", "same", 0],
  ])("from %j to %j are %i edits", (a, b, edits) => {
    expect(editDistance(a, b)).toBe(edits);
  });
  it("edits go both ways, and are never more than the longer word", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
  it("offers what is near, and nothing where nothing is", () => {
    expect(nearestWord("opertor", ["operator", "users"])).toBe("operator");
    expect(nearestWord("Provider", ["provider"])).toBe("provider");
    expect(nearestWord("identity", ["identityFile", "port"])).toBe("identityFile");
    expect(nearestWord("zzz", ["operator", "users"])).toBeUndefined();
    expect(nearestWord("x".repeat(5_000), ["operator"])).toBeUndefined();
    expect(suggestWord("x", [], "roles")).toBe("There are no roles.");
  });
});
