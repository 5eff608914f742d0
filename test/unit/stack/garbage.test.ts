import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { UserError } from "../../../src/errors/error.ts";
import { checkShape } from "../../../src/stack/check-shape.ts";
import type { Problem } from "../../../src/stack/problem.ts";
import { renderPath } from "../../../src/stack/problem.ts";
import { stackSchema } from "../../../src/stack/schema/stack-schema.ts";
import { GOOD, loadValue } from "./support/config-directory.ts";

/** Keys of the schema at any depth, so that garbage gets deep into the rules. */
const KEYS = [
  ...Object.keys(stackSchema.shape),
  ..."count roles image size distro port from protocol keys sudo uid gid shell fullName file identityFile".split(
    " ",
  ),
  "__proto__",
  "constructor",
];

const garbage = fc.letrec((tie) => ({
  leaf: fc.oneof(
    fc.string(),
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom(
      "toy",
      "nopasswd",
      "anywhere",
      "stack",
      "web-{n}",
      "ada",
      "${X}",
      "",
      "~",
      "/x.pub",
    ),
  ),
  list: fc.array(tie("any"), { maxLength: 4 }),
  object: fc.dictionary(fc.oneof(fc.constantFrom(...KEYS), fc.string()), tie("any"), {
    maxKeys: 6,
  }),
  any: fc.oneof({ depthSize: "small" }, tie("leaf"), tie("list"), tie("object")),
}));

describe("garbage", () => {
  it("of any kind yields problems and no crash", () => {
    fc.assert(
      fc.property(
        fc.anything({ withNullPrototype: true, withMap: true, withDate: true }),
        (value) => {
          const problems: Problem[] = [];
          checkShape(value, (problem) => problems.push(problem));
          expect(problems.length).toBeGreaterThan(0);
          for (const problem of problems) expect(typeof renderPath(problem.path)).toBe("string");
        },
      ),
      { numRuns: 500 },
    );
  });

  it("that is nested in itself is told", () => {
    const value: Record<string, unknown> = { ...GOOD };
    value["users"] = [value];
    const problems: Problem[] = [];
    checkShape(value, (problem) => problems.push(problem));
    expect(problems.some((problem) => problem.message.includes("nested in itself"))).toBe(true);
  });

  it("that calls a key of its own constructor is told", async () => {
    const name = { constructor: { name: {} } };
    await expect(loadValue({ ...GOOD, name })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("in a file, in part or whole, ends in a UserError with problems or in a stack", async () => {
    const part = fc
      .tuple(fc.constantFrom(...Object.keys(stackSchema.shape)), garbage.any)
      .map(([key, value]) => ({ ...GOOD, [key]: value }));
    await fc.assert(
      fc.asyncProperty(fc.oneof(part, garbage.object), async (value) => {
        try {
          const stack = await loadValue(value);
          expect(stack.servers.length).toBeGreaterThan(0);
        } catch (thrown) {
          if (!(thrown instanceof UserError)) throw thrown;
          expect(["CONFIG_INVALID", "KEY_UNUSABLE"]).toContain(thrown.code);
          expect(thrown.problems.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 250 },
    );
  });
});
