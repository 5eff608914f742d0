// Runs vitest projects one group after the other and ends with one plain line, `N passed, N failed`,
// over all of them. The exit status is 0 only where every group ended well.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { resolve } from "node:path";

import { z } from "zod";

export interface TestGroup {
  readonly name: string;
  readonly projects: readonly string[];
  /** Further arguments for vitest. */
  readonly arguments?: readonly string[];
}

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
}

/** Everything that needs no server. Much of it waits for processes, so that more workers than cores pay. */
export const CHECK: TestGroup = {
  name: "check",
  projects: ["house", "unit", "golden", "contract"],
  arguments: ["--maxWorkers=4"],
};

const root = resolve(import.meta.dirname, "..");
const results = resolve(root, ".cache/test-results");

const reportSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numFailedTestSuites: z.number(),
  success: z.boolean(),
});

export async function runTests(groups: readonly TestGroup[]): Promise<TestCounts> {
  mkdirSync(results, { recursive: true });
  let passed = 0;
  let failed = 0;
  for (const group of groups) {
    const counts = await runGroup(group);
    passed += counts.passed;
    failed += counts.failed;
  }
  return { passed, failed };
}

async function runGroup(group: TestGroup): Promise<TestCounts> {
  const file = resolve(results, `${group.name}.json`);
  rmSync(file, { force: true });
  const status = await runVitest([
    ...group.projects.flatMap((project) => ["--project", project]),
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${file}`,
    ...(group.arguments ?? []),
  ]);
  const counts = readCounts(file);
  // A runner that died, or that saw an error outside of any test, must never look like a success.
  if (status !== 0 && counts.failed === 0) return { ...counts, failed: 1 };
  return counts;
}

function runVitest(options: readonly string[]): Promise<number> {
  return new Promise((done, fail) => {
    const child = spawn(resolve(root, "node_modules/.bin/vitest"), ["run", ...options], {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.once("error", fail);
    child.once("close", (status) => {
      done(status ?? 1);
    });
  });
}

function readCounts(file: string): TestCounts {
  try {
    const report = reportSchema.parse(JSON.parse(readFileSync(file, "utf8")));
    const failed = Math.max(report.numFailedTests, report.numFailedTestSuites > 0 ? 1 : 0);
    return { passed: report.numPassedTests, failed };
  } catch (error) {
    console.error(`The test runner left no report at ${file}: ${String(error)}`);
    return { passed: 0, failed: 1 };
  }
}

/** Prints the closing line and sets the exit status. */
export function closeRun(counts: TestCounts): void {
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  if (counts.failed > 0) process.exitCode = 1;
}
