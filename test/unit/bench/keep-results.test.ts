import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { keepResults } from "../../../bench/keep-results.ts";
import { type BenchResults, renderReport } from "../../../bench/report.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bm-bench-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Good figures of one tool, so that only the number of servers can spoil the verdict. */
const resultsOf = (servers: number): BenchResults => ({
  machine: { cores: 2, memoryGb: 24, kernel: "6.1", node: "v24.0.0", date: "2026-01-01" },
  check: { servers, oursMs: 1000, handwrittenMs: 1000, ansibleMs: 50_000, runs: 7 },
  first: { servers, oursMs: 1000, handwrittenMs: 1000 },
  tools: [
    {
      tool: "salt",
      title: "salt",
      servers,
      configureMs: 1000,
      handMs: 1000,
      samples: 2,
      upMs: 1000,
      handCheckMs: 1000,
      runs: 5,
    },
  ],
  openstack: {
    real: { servers, oursMs: 1000, handwrittenMs: 1000, calls: 3 * servers, runs: 3 },
    underLimit: {
      servers: 200,
      limit: { calls: 300, windowMs: 300_000 },
      oursMs: 1,
      floorMs: 1,
      calls: 200,
      refused: 0,
      each: { calls: 400, refused: 100 },
    },
  },
});

const rowsWith = (report: string, word: string): readonly string[] =>
  report.split("\n").filter((line) => line.startsWith("|") && line.includes(word));

describe("figures of ten servers", () => {
  test("are judged", () => {
    const report = renderReport(resultsOf(10), ["salt"]);
    expect(rowsWith(report, "10 servers").length).toBe(6);
    for (const row of rowsWith(report, "10 servers")) expect(row).toMatch(/\| met \|$/);
    expect(report).toContain("from secured to configured, 10 servers, the better of 2");
  });

  test("are stored, and the page is written from them", () => {
    const files = { results: join(directory, "r.json"), report: join(directory, "r.md") };
    keepResults(resultsOf(10), 10, ["salt"], files);
    expect(JSON.parse(readFileSync(files.results, "utf8"))).toEqual(resultsOf(10));
    expect(readFileSync(files.report, "utf8")).toBe(renderReport(resultsOf(10), ["salt"]));
  });
});

describe("figures of fewer", () => {
  test("are a trial, however good", () => {
    const report = renderReport(resultsOf(9), ["salt"]);
    expect(rowsWith(report, "9 servers").length).toBe(6);
    for (const row of rowsWith(report, "9 servers"))
      expect(row).toMatch(/fewer than 10 servers\*\* \|$/);
    expect(rowsWith(report, "calls a server")).toEqual([expect.stringContaining("a trial")]);
  });

  test("are shown, and overwrite nothing", () => {
    const files = { results: join(directory, "r.json"), report: join(directory, "r.md") };
    writeFileSync(files.results, "good figures");
    writeFileSync(files.report, "a good page");
    const shown = keepResults(resultsOf(2), 2, ["salt"], files);
    expect(shown).toContain("| salt: from secured to configured, 2 servers");
    expect(shown).toContain("nothing was stored");
    expect(readFileSync(files.results, "utf8")).toBe("good figures");
    expect(readFileSync(files.report, "utf8")).toBe("a good page");
  });
});

test.each([
  [{}, "met"],
  [{ refused: 1 }, "**not met**"],
  [{ oursMs: 1.4 }, "**not met**"],
  // Nobody could have reached the limit.
  [{ each: { calls: 299, refused: 0 } }, "**not met**"],
])("under a limit of calls %j is %s", (change, verdict) => {
  const results = resultsOf(10);
  const { openstack } = results;
  if (openstack?.underLimit === undefined) throw new Error("there are no figures");
  const underLimit = { ...openstack.underLimit, ...change };
  const report = renderReport({ ...results, openstack: { ...openstack, underLimit } }, []);
  const [row] = rowsWith(report, "calls in any 5 minutes allowed");
  expect(row?.split("|").at(-2)?.trim()).toBe(verdict);
});
