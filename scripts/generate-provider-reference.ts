// Writes docs/reference/providers.md: what each provider passes of the contract suite, from the results that `npm run tested`
// collected the last time.
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { type ProviderResult, readProviderResults } from "./provider-results.ts";
import { ROOT } from "./tested-results.ts";

const PROVIDER_REFERENCE = resolve(ROOT, "docs/reference/providers.md");

function renderProviderReference(results: readonly ProviderResult[]): string {
  const titles = [...new Set(results.flatMap(({ tests }) => Object.keys(tests)))];
  const notes: string[] = [];
  const noteOf = (reason: string): string => {
    if (!notes.includes(reason)) notes.push(reason);
    return `– (${notes.indexOf(reason) + 1})`;
  };
  const cell = (status: string | undefined): string => {
    if (status === undefined) return "";
    const reason = /^not applicable: (.*)$/.exec(status)?.[1];
    if (reason !== undefined) return noteOf(reason);
    return status === "passed" ? "passed" : `**${status}**`;
  };
  const rows = titles.map(
    (title) => `| ${[title, ...results.map(({ tests }) => cell(tests[title]))].join(" | ")} |`,
  );
  const counts = results.map(({ tests, file }) => {
    const all = Object.values(tests).filter((status) => !status.startsWith("not applicable"));
    const passed = all.filter((status) => status === "passed").length;
    return `[${passed} of ${all.length}](../../${file})`;
  });
  return [
    "<!-- Made by scripts/generate-provider-reference.ts; do not edit. -->",
    "",
    "# What each provider passes",
    "",
    "The contract suite of `bootmachine/testing` defines what a provider has to keep, faults included. Each column is a provider and",
    "what stood behind it; the results are those of the last time that `npm run tested` collected them. **Simulated**: a",
    "simulator of the cloud's services on this computer, over real HTTP. Which stacks were brought up on real servers, and how,",
    "is in [what was tested how](tested.md).",
    "",
    `| promise | ${results.map(({ provider }) => provider).join(" | ")} |`,
    `| --- | ${results.map(() => "---").join(" | ")} |`,
    `| **passed** | ${counts.join(" | ")} |`,
    ...rows,
    "",
    ...(notes.length === 0 ? [] : ["Not applicable:", ""]),
    ...notes.map((reason, index) => `${index + 1}. ${reason}`),
    ...(notes.length === 0 ? [] : [""]),
  ].join("\n");
}

writeFileSync(PROVIDER_REFERENCE, renderProviderReference(readProviderResults()));
