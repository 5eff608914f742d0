import { writeFileSync } from "node:fs";

import { type BenchResults, FEWEST_SERVERS, renderReport } from "./report.ts";

/** Where the figures are kept, and where the page made from them is. */
export interface BenchFiles {
  readonly results: string;
  readonly report: string;
}

/**
 * Stores the figures and writes the page from them. A trial with too few servers stores nothing, so that no good figure is
 * lost for it.
 *
 * @param tools the titles of all tools that could be measured
 * @returns what there is to print
 */
export function keepResults(
  results: BenchResults,
  servers: number,
  tools: readonly string[],
  files: BenchFiles,
): string {
  const report = renderReport(results, tools);
  if (servers < FEWEST_SERVERS) {
    const table = report.split("\n").filter((line) => line.startsWith("|"));
    return `${table.join("\n")}\n\nA trial with ${servers} servers, fewer than ${FEWEST_SERVERS}: nothing was stored.\n`;
  }
  writeFileSync(files.results, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(files.report, report);
  return `Stored in ${files.results} and ${files.report}.\n`;
}
