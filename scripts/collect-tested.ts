// Takes the results of the last runs of the tests on real servers into test/lab/tested.json: those of files that were run
// whole. `npm run lab` and `npm run test:all` leave them in .cache/test-results; reports of vitest that lie elsewhere
// are named: `npm run tested -- FILE...`. What was not run stays as it was.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";

import { z } from "zod";

import { PROVIDER_RESULTS, providersIn, readProviderResults } from "./provider-results.ts";
import {
  countResults,
  outcomeOf,
  readDeclarations,
  readResults,
  ROOT,
  TESTED_RESULTS,
} from "./tested-results.ts";

const reportSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      assertionResults: z.array(
        z.object({
          title: z.string(),
          status: z.string(),
          meta: z.object({ tested: z.object({ what: z.string() }).optional() }).optional(),
        }),
      ),
    }),
  ),
});

const named = process.argv.slice(2);
const reports =
  named.length > 0
    ? named.map((file) => resolve(file))
    : ["check", "lab", "nightly"]
        .map((group) => resolve(ROOT, ".cache/test-results", `${group}.json`))
        .filter((file) => existsSync(file));

const results = new Map(readResults().map((result) => [`${result.file} ${result.what}`, result]));
for (const report of reports) {
  const { testResults } = reportSchema.parse(JSON.parse(readFileSync(report, "utf8")));
  for (const { name, assertionResults } of testResults) {
    const file = relative(ROOT, name);
    const isWhole = assertionResults.every(({ status }) => /^(passed|failed)$/.test(status));
    if (!isWhole) continue;
    for (const what of new Set(assertionResults.map(({ meta }) => meta?.tested?.what))) {
      if (what === undefined) continue;
      const own = assertionResults.filter(({ meta }) => meta?.tested?.what === what);
      const result = countResults(file, what, own);
      results.set(`${file} ${what}`, result);
      console.log(`${file}: ${what}, ${outcomeOf(result)}`);
    }
  }
}
const declared = new Set(readDeclarations().map(({ file, what }) => `${file} ${what}`));
const kept = [...results.entries()]
  .filter(([key]) => declared.has(key))
  .toSorted(([a], [b]) => a.localeCompare(b))
  .map(([, result]) => result);
writeFileSync(TESTED_RESULTS, `${JSON.stringify(kept, undefined, 2)}\n`);
const passed = new Map(readProviderResults().map((result) => [result.provider, result]));
for (const report of reports) {
  for (const result of providersIn(report)) passed.set(result.provider, result);
}
const present = [...passed.values()]
  .filter(({ file }) => existsSync(resolve(ROOT, file)))
  .toSorted((a, b) => a.provider.localeCompare(b.provider));
writeFileSync(PROVIDER_RESULTS, `${JSON.stringify(present, undefined, 2)}\n`);
console.log(
  "Written: test/lab/tested.json, test/contract/passed.json. `npm run generate` takes them into the reference.",
);
