import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

import { describe, expect, test } from "vitest";

import { readProviderResults } from "../../scripts/provider-results.ts";
import {
  countResults,
  outcomeOf,
  readDeclarations,
  readResults,
} from "../../scripts/tested-results.ts";
import { listFiles, ROOT } from "./source-tree.ts";

describe("what was tested how", () => {
  const declarations = readDeclarations();

  test("is declared by every suite of a configurator: real, or look-alike", () => {
    const suites = listFiles("test/lab/**/*.test.ts").filter((path) =>
      readFileSync(resolve(ROOT, path), "utf8").includes("testConfigurator("),
    );
    expect(suites.length).toBeGreaterThan(0);
    const declared = new Set(declarations.map(({ file }) => file));
    expect(suites.filter((path) => !declared.has(path))).toEqual([]);
  });

  test("a look-alike says what stands in for what", () => {
    const silent = declarations.filter(({ how, note }) => how === "look-alike" && !note);
    expect(silent).toEqual([]);
  });

  test("nothing that failed is kept as a result", () => {
    const failed = readResults().filter((result) => result.failed > 0);
    expect(failed).toEqual([]);
    const providers = readProviderResults().flatMap(({ provider, tests }) =>
      Object.entries(tests)
        .filter(([, status]) => !/^(passed$|not applicable: )/.test(status))
        .map(([title, status]) => `${provider}: ${title}: ${status}`),
    );
    expect(providers).toEqual([]);
  });

  test("a case that does not apply is not counted among those that passed", () => {
    const passed = (title: string) => ({ title, status: "passed" });
    const untrue = "enrolled (not applicable: nothing is exchanged)";
    const result = countResults("a.test.ts", "a tool", [
      passed("first run"),
      passed("agent silent (not applicable: it has none (and needs none))"),
      { title: untrue, status: "failed" },
    ]);
    expect(result).toMatchObject({ passed: 1, failed: 1 });
    expect(result.notApplicable).toEqual({ "agent silent": "it has none (and needs none)" });
    expect(outcomeOf(result)).toBe("1 passed, **1 failed**, 1 not applicable");
  });

  test("results are kept of tests that are there (npm run tested)", () => {
    const declared = new Set(declarations.map(({ file, what }) => `${file}: ${what}`));
    const stale = readResults()
      .map(({ file, what }) => `${file}: ${what}`)
      .filter((key) => !declared.has(key));
    expect(stale).toEqual([]);
  });

  test("what providers pass is kept of suites that are there (npm run tested)", () => {
    const results = readProviderResults();
    expect(results.map(({ provider }) => provider)).toContain("openstack, simulated");
    const stale = results
      .filter(({ file, provider }) => {
        const text = existsSync(resolve(ROOT, file))
          ? readFileSync(resolve(ROOT, file), "utf8")
          : "";
        return !text.includes("testProvider(") || !text.includes(`"${provider}"`);
      })
      .map(({ file, provider }) => `${file}: ${provider}`);
    expect(stale).toEqual([]);
  });
});
