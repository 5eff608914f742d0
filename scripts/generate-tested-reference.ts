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
  outcomeOf,
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
      return `| ${what} | ${how} | ${on.join(", ")} | ${result === undefined ? "not run yet" : outcomeOf(result)} | ${note ?? ""} | [${file.replace("test/lab/", "")}](../../${file}) |`;
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
    "## What does not apply",
    "",
    "Cases of the contract suites that a thing cannot have, by the reason. They are not among the passed ones.",
    "",
    ...results.toSorted((a, b) => a.what.localeCompare(b.what)).flatMap(renderNotApplicable),
    "",
  ].join("\n");
}

/** One line for each suite: its reasons, and behind each the cases that it keeps away. */
function renderNotApplicable({ what, notApplicable = {} }: TestedResult): readonly string[] {
  const cases = new Map<string, string[]>();
  for (const [title, reason] of Object.entries(notApplicable)) {
    cases.set(reason, [...(cases.get(reason) ?? []), title]);
  }
  if (cases.size === 0) return [];
  const reasons = [...cases].map(([reason, titles]) => `${reason} (${titles.join(", ")})`);
  return [`- **${what}**: ${reasons.join("; ")}`];
}

writeFileSync(
  TESTED_REFERENCE,
  renderTestedReference(readDeclarations(), existsSync(TESTED_RESULTS) ? readResults() : []),
);
