import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

import { describe, expect, test } from "vitest";

import { readProviderResults } from "../../scripts/provider-results.ts";
import { readDeclarations, readResults } from "../../scripts/tested-results.ts";
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
