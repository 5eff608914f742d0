import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { CheckDefinition } from "../src/proof/check.ts";
import { CHECKS } from "../src/proof/checks.ts";

export const CHECKS_REFERENCE = "docs/reference/checks.md";

const INTRODUCTION = `# Checks of the proof

<!-- Generated from src/proof/checks.ts by \`npm run generate\`; changes made here are lost. -->

\`bootmachine verify\` asserts each of these on each server. An **error** makes the proof fail (exit status 1); a
**warning** is shown and does not. A check is skipped, with its reason, where it cannot apply, such as the clock of a
container.

The CIS numbers are those of the CIS Debian Linux 12 Benchmark v1.1.0. They say which recommendation a check bears
on, not that all of the recommendation is covered.
`;

const SECTIONS = [
  {
    from: "outside",
    title: "From outside",
    text: "Seen from the computer that runs bootmachine, as a stranger and as the operator see the server.",
  },
  {
    from: "inside",
    title: "From inside",
    text: "Asked on the host, by one program that changes nothing.",
  },
] as const;

function entry(check: CheckDefinition): string {
  return [
    `### \`${check.id}\``,
    "",
    `- Holds when: ${check.title}.`,
    `- Why: ${check.reason}`,
    `- Severity: ${check.severity}`,
    ...(check.cis === undefined ? [] : [`- CIS: ${check.cis}`]),
    `- When it fails: ${check.todo}`,
    "",
  ].join("\n");
}

/** The reference page of all checks. */
export function renderChecksReference(): string {
  const checks: readonly CheckDefinition[] = Object.values(CHECKS);
  const sections = SECTIONS.map(({ from, title, text }) =>
    [
      `## ${title}`,
      "",
      text,
      "",
      ...checks.filter((check) => check.from === from).map((check) => entry(check)),
    ].join("\n"),
  );
  return `${[INTRODUCTION, ...sections].join("\n").trimEnd()}\n`;
}

if (import.meta.main) {
  writeFileSync(resolve(import.meta.dirname, "..", CHECKS_REFERENCE), renderChecksReference());
}
