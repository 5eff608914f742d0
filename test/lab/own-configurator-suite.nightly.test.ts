import { spawn } from "node:child_process";
import { resolve } from "node:path";

import { expect, it } from "vitest";

import { tested } from "./tested.ts";

tested({ what: "a configurator of one's own: contract suite", how: "real", on: ["Debian 13"] });

const SUITE = resolve(import.meta.dirname, "../../examples/own-configurator/suite.ts");
const LIMIT_MS = 3_600_000;

/** Runs the example as its author would. */
function runSuite(): Promise<{ readonly status: number | null; readonly output: string }> {
  const child = spawn(process.execPath, ["--test", "--test-reporter=tap", SUITE], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: LIMIT_MS,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (status) => done({ status, output }));
  });
}

it("passes the suite, run by its author's own test runner", { timeout: LIMIT_MS }, async () => {
  const { status, output } = await runSuite();
  expect(status, output).toBe(0);
  for (const name of [
    "first run",
    "followed live",
    "wrong tree",
    "server made again",
    "interrupted at configure",
    "interrupted while the tool runs",
    "interrupted half-way",
    "interrupted at the last but one",
  ]) {
    expect(output).toMatch(new RegExp(`^ *ok \\d+ - ${name}$`, "m"));
  }
  expect(output).toMatch(/^# pass 18$/m);
  expect(output).toMatch(/^# skipped 0$/m);
});
