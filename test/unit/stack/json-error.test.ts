import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { findJsonError } from "../../../src/stack/json-error.ts";

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe("the place where a text stops being JSON", () => {
  it.each([
    ['{"a": 1,}', 8],
    ["[1, 2", 5],
    ["[1 2]", 3],
    ['{"a" 1}', 5],
    ["tru", 0],
    ["", 0],
    ["[01]", 1],
    ['{"a": "x\ny"}', 6],
    ["{} x", 3],
    ["{'a': 1}", 1],
    ["[1, // no\n2]", 4],
  ])("%j", (text, offset) => {
    expect(isJson(text)).toBe(false);
    expect(findJsonError(text)).toBe(offset);
  });

  it("agrees with JSON.parse on what is JSON, damaged or not", () => {
    const damaged = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom("", ",", "}", "]", '"', "x", ":", "1", "\\", " "))
      .map(([text, at, what]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + what + text.slice(place + (what === "" ? 1 : 0));
      });
    fc.assert(
      fc.property(fc.oneof(fc.json(), damaged, fc.string()), (text) => {
        expect(findJsonError(text) === undefined).toBe(isJson(text));
      }),
      { numRuns: 3_000 },
    );
  });
});
