import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { ToolRun } from "../../../../src/configurators/contract.ts";
import { runOnController } from "../../../../src/fleet/configurator/controller-run.ts";

const MODULE = resolve(import.meta.dirname, "../../../../src/fleet/configurator/controller-run.ts");

let directory: string;
const before = process.env["TMPDIR"];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bm-tool-"));
  process.env["TMPDIR"] = directory;
});
afterEach(() => {
  if (before === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = before;
  rmSync(directory, { recursive: true });
});

const toolOf = (script: string): ToolRun => ({
  on: "controller",
  title: "a tool",
  script,
  parse: () => [],
});

/** Still at work; one that nobody has waited for yet is not. */
function isAlive(pid: string): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

describe("a tool on the operator's computer", () => {
  test("gives its status, what it said and its result, and leaves nothing at work", async () => {
    const lines: string[] = [];
    const { result, exitStatus } = await runOnController(
      toolOf('sleep 4321 & echo $!; echo well >"$BM_RESULT"; exit 7'),
      {
        onOutput: (line) => lines.push(line),
        limitBytes: 1000,
        timeoutMs: 60_000,
        signal: new AbortController().signal,
      },
    );
    expect([result, exitStatus, lines.length]).toEqual(["well\n", 7, 1]);
    await expect.poll(() => isAlive(lines[0] ?? ""), { timeout: 20_000 }).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
  });

  test("ends, and its folder goes, when whoever started it is killed", async () => {
    const run = `import { runOnController } from ${JSON.stringify(MODULE)};
await runOnController(
  { title: "a tool", script: "echo $$ $PWD; sleep 4322" },
  { onOutput: (line) => console.log(line), limitBytes: 1000, timeoutMs: 60_000, signal: new AbortController().signal },
);`;
    const controller = spawn(process.execPath, ["--input-type=module", "--eval", run], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [pid = "", folder = ""] = await new Promise<string[]>((done) => {
      createInterface({ input: controller.stdout }).once("line", (line) => done(line.split(" ")));
    });
    expect([isAlive(pid), existsSync(join(folder, "script"))]).toEqual([true, true]);
    controller.kill("SIGKILL");
    await expect
      .poll(() => [isAlive(pid), existsSync(folder)], { timeout: 30_000 })
      .toEqual([false, false]);
  });
});
