// Runs vitest projects one group after the other and ends with one plain line, `N passed, N failed`,
// over all of them. The exit status is 0 only where every group ended well.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { relative, resolve } from "node:path";

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
  /** What failed, a line or two each: told once more at the end, where a long log is read first. */
  readonly failures: readonly string[];
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
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().default(""),
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()).default([]),
        }),
      ),
    }),
  ),
});
type Report = z.infer<typeof reportSchema>;

export async function runTests(groups: readonly TestGroup[]): Promise<TestCounts> {
  mkdirSync(results, { recursive: true });
  let sum: TestCounts = { passed: 0, failed: 0, failures: [] };
  for (const group of groups) {
    const counts = await runGroup(group);
    sum = {
      passed: sum.passed + counts.passed,
      failed: sum.failed + counts.failed,
      failures: [...sum.failures, ...counts.failures],
    };
  }
  return sum;
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
  if (status !== 0 && counts.failed === 0) {
    const failure = `${group.name}: the runner ended with status ${status}, though no test failed`;
    return { ...counts, failed: 1, failures: [failure] };
  }
  return counts;
}

function runVitest(options: readonly string[]): Promise<number> {
  return new Promise((done, fail) => {
    const child = spawn(resolve(root, "node_modules/.bin/vitest"), ["run", ...options], {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      // The command is run some thousand times from its source: with Node's cache of what it has compiled, each begins in half the time.
      env: { ...process.env, NODE_COMPILE_CACHE: resolve(root, ".cache/compiled") },
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
    return { passed: report.numPassedTests, failed, failures: readFailures(report) };
  } catch (error) {
    const failure = `The test runner left no report at ${file}: ${String(error)}`;
    return { passed: 0, failed: 1, failures: [failure] };
  }
}

function readFailures({ testResults }: Report): readonly string[] {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const place = relative(root, name);
    const failed = assertionResults.filter((test) => test.status === "failed");
    // A file that could not be loaded, or whose set-up failed, has no failed test to show.
    if (failed.length === 0) return status === "failed" ? [`${place}: ${firstLines(message)}`] : [];
    return failed.map(
      ({ fullName, failureMessages }) =>
        `${place}: ${fullName}\n  ${firstLines(failureMessages[0] ?? "")}`,
    );
  });
}

function firstLines(message: string): string {
  return message.split("\n").slice(0, 12).join("\n  ");
}

/** Prints what failed and the closing line, and sets the exit status. */
export function closeRun(counts: TestCounts): void {
  for (const failure of counts.failures) console.error(`Failed: ${failure}`);
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  if (counts.failed > 0) process.exitCode = 1;
}
