import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { expect, test } from "vitest";

import { COMMANDS } from "../../src/cli/command-list.ts";
import { runInProcess } from "../unit/cli/run-in-process.ts";

const DEMO = readFileSync(resolve(import.meta.dirname, "../../scripts/demo.sh"), "utf8");

test("the demo gives its config to the commands that take one, and to no other", async () => {
  const without = ["help"];
  for (const name of Object.keys(COMMANDS)) {
    // Each command of the group "configurator" takes one.
    if (without.includes(name) || name === "configurator") continue;
    const { stdout } = await runInProcess([name, "--help"]);
    if (!/--config\b/.test(stdout)) without.push(name);
  }
  const listed = /^\tinit\) stop .*\n\t(.+)\)$/m.exec(DEMO)?.[1]?.split(" | ") ?? [];
  expect([...listed, "init"].toSorted()).toEqual(without.toSorted());
});
