import { resolve } from "node:path";

import { describe, expect, test } from "vitest";

import { compileProgram } from "../../../src/program/compile-program.ts";
import type { Operation } from "../../../src/distros/contract.ts";
import { distroWith, FACTS } from "../../unit/program/shells.ts";
import { PROGRAMS } from "./programs.ts";

/**
 * The text of whole programs. To accept a change after reading it:
 *
 *     node_modules/.bin/vitest run --project golden test/golden/program --update
 */
describe.each(Object.entries(PROGRAMS))("%s", (name, resources) => {
  test.each(["check", "apply"] as const)("%s", async (mode) => {
    const { text } = compileProgram(resources, {
      title: `shop web1: ${name}`,
      mode,
      distro: distroWith(namedOperations()),
      facts: FACTS,
    });
    await expect(text).toMatchFileSnapshot(resolve(import.meta.dirname, `${name}-${mode}.sh`));
  });
});

/** The distro's own texts have golden files of their own: here each says only its name. */
function namedOperations(): Readonly<Record<string, Operation>> {
  const names = Object.keys(distroWith().operations(FACTS));
  return Object.fromEntries(names.map((name) => [name, { sh: `  : ${name} "$@"` }]));
}
