// Writes docs/reference/tested.md: what was tested on which systems, with the real thing or a look-alike, and how it came
// out the last time that the results were collected (scripts/collect-tested.ts). Needs no results: what was never
// collected says so.
import { existsSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

import {
  readDeclarations,
  readResults,
  ROOT,
  TESTED_RESULTS,
  type TestedDeclaration,
  type TestedResult,
} from "./tested-results.ts";

const TESTED_REFERENCE = resolve(ROOT, "docs/reference/tested.md");

function renderTestedReference(
  declarations: readonly TestedDeclaration[],
  results: readonly TestedResult[],
): string {
  const rows = declarations
    .toSorted((a, b) => a.what.localeCompare(b.what))
    .map(({ file, what, how, on, note }) => {
      const result = results.find((each) => each.file === file && each.what === what);
      return `| ${what} | ${how} | ${on.join(", ")} | ${outcomeOf(result)} | ${note ?? ""} | [${file.replace("test/lab/", "")}](../../${file}) |`;
    });
  return [
    "<!-- Made by scripts/generate-tested-reference.ts; do not edit. -->",
    "",
    "# What was tested how",
    "",
    "Each line is a file of tests that boot servers on this computer and run the real command on them. **Real**: the product's own",
    "software, installed by the same path as yours. **Look-alike**: something else stood in for a part; the note says what. The",
    "outcomes are those of the last time that `npm run tested` collected them.",
    "",
    "| what | how | on | outcome | note | tests |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

function outcomeOf(result: TestedResult | undefined): string {
  if (result === undefined) return "not run yet";
  const { passed, failed } = result;
  return failed === 0 ? `${passed} passed` : `${passed} passed, **${failed} failed**`;
}

writeFileSync(
  TESTED_REFERENCE,
  renderTestedReference(readDeclarations(), existsSync(TESTED_RESULTS) ? readResults() : []),
);
