import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { ownName } from "../../../src/cli/own-name.ts";
import { makeProject } from "./start-program.ts";
import { runInProcess } from "./run-in-process.ts";

let empty: string;
beforeAll(async () => {
  empty = await mkdtemp(join(tmpdir(), "own-name-"));
});
afterAll(async () => await rm(empty, { recursive: true, force: true }));

const NPX = { npm_command: "exec" };
const WRAPPED = { npm_command: "run-script", BOOTMACHINE_COMMAND: "npm run demo --" };

test.each([
  [{}, "bootmachine"],
  [NPX, "npx bootmachine"],
  [{ npm_command: "run-script" }, "bootmachine"],
  [WRAPPED, "npm run demo --"],
  [{ BOOTMACHINE_COMMAND: "" }, "bootmachine"],
  [{ BOOTMACHINE_COMMAND: "`x`\n\u001B[31m" }, "bootmachine"],
])("%j: the user types %s", (env, name) => {
  expect(ownName(env)).toBe(name);
});

test.each([
  [{}, "bootmachine init"],
  [NPX, "npx bootmachine init"],
  [WRAPPED, "npm run demo -- init"],
])("%j: an error's way out is %s", async (env, command) => {
  const shown = await runInProcess(["up"], { cwd: empty, env: { HOME: empty, ...env } });
  expect(shown.stderr).toContain(`next: Run \`${command}\` to make one`);
  const told = await runInProcess(["up", "--json"], { cwd: empty, env: { HOME: empty, ...env } });
  expect(JSON.parse(told.stdout)).toMatchObject({
    error: { hint: "Run `bootmachine init` to make one, or name one with --config." },
  });
});

test("what fails on a server, and the end of the run, name it too", async () => {
  const directory = await makeProject(`
    ensure: async () => { throw new Error("Run \`bootmachine status\`."); },`);
  try {
    const { stdout } = await runInProcess(["up", "--yes"], {
      cwd: directory,
      env: { HOME: directory, USER: "ada", ...NPX },
    });
    expect(stdout).toContain("Run `npx bootmachine status`.");
    expect(stdout).toContain("Mend the cause, then `npx bootmachine up` goes on");
    expect(stdout).not.toContain("`bootmachine ");
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
