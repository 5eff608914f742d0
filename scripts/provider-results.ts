// What each provider passes of the contract suite, for docs/reference/providers.md: collected from the results of the tests
// (`npm run check`, `npm run lab`) into test/contract/passed.json by `npm run tested`.
import { existsSync, readFileSync } from "node:fs";
import { relative, resolve } from "node:path";

import { z } from "zod";

import { ROOT, splitTitle } from "./tested-results.ts";

export const PROVIDER_RESULTS = resolve(ROOT, "test/contract/passed.json");

const resultSchema = z.strictObject({
  /** As the suite calls it: "openstack, simulated". */
  provider: z.string(),
  /** Path from the root. */
  file: z.string(),
  /** By the test's title; what is not applicable has its reason. */
  tests: z.record(z.string(), z.string()),
});
export type ProviderResult = z.infer<typeof resultSchema>;

const reportSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      assertionResults: z.array(
        z.object({ ancestorTitles: z.array(z.string()), title: z.string(), status: z.string() }),
      ),
    }),
  ),
});

/** Stands before a provider's name in the suite's own group. */
const GROUP = "provider ";

export function readProviderResults(): readonly ProviderResult[] {
  if (!existsSync(PROVIDER_RESULTS)) return [];
  return z.array(resultSchema).parse(JSON.parse(readFileSync(PROVIDER_RESULTS, "utf8")));
}

/** The results of the suites in a report of the test runner, where a suite was run whole. */
export function providersIn(report: string): readonly ProviderResult[] {
  const { testResults } = reportSchema.parse(JSON.parse(readFileSync(report, "utf8")));
  return testResults.flatMap(({ name, assertionResults }) => {
    const found = new Map<string, Record<string, string>>();
    for (const { ancestorTitles, title, status } of assertionResults) {
      const group = ancestorTitles.find((text) => text.startsWith(GROUP));
      if (group === undefined) continue;
      const tests = found.get(group) ?? {};
      found.set(group, tests);
      const { bare, reason } = splitTitle(title);
      tests[bare] = reason === undefined ? status : `not applicable: ${reason}`;
    }
    return [...found]
      .filter(([, tests]) =>
        Object.values(tests).every((status) => /^(passed|failed|not app)/.test(status)),
      )
      .map(([group, tests]) => ({
        provider: group.slice(GROUP.length),
        file: relative(ROOT, name),
        tests,
      }));
  });
}
