import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { expect, test } from "vitest";

import { COMMANDS } from "../../src/cli/command-list.ts";
import { makeKeyPair } from "../../src/host/key-pair.ts";
import { loadStack } from "../../src/index.ts";
import { runInProcess } from "../unit/cli/run-in-process.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const SCRIPT = resolve(ROOT, "scripts/demo.sh");
const DEMO = readFileSync(SCRIPT, "utf8");

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

test.each([
  [["--configurator", "nosuch"], "there is no configurator nosuch here"],
  [["--plain", "--configurator=nosuch"], "there is no configurator nosuch here"],
  [["--plain", "--configurator", "nosuch", "--json"], "there is no configurator nosuch here"],
  [["--configurator"], "--configurator wants a name"],
  [["--destory"], "there is no option --destory (did you mean --destroy?)"],
])("the demo finds its own option among the others, before it does anything: %s", (words, said) => {
  const { status, stdout, stderr } = spawnSync("sh", [SCRIPT, ...words], { encoding: "utf8" });
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toContain(`demo: ${said}`);
});

test.each(["ansible", "puppet", "salt", "chef", "none"])(
  "the demo's config is one with %s",
  async (tool) => {
    const directory = mkdtempSync(join(tmpdir(), "bm-demo-"));
    try {
      const own = join(directory, ".bootmachine");
      mkdirSync(own);
      symlinkSync(resolve(ROOT, "node_modules"), join(directory, "node_modules"));
      const config = readFileSync(resolve(ROOT, "examples/demo/bootmachine.config.ts"), "utf8");
      const source = resolve(ROOT, "src/index.ts");
      writeFileSync(
        join(directory, "bootmachine.config.ts"),
        config.replace('from "bootmachine"', `from ${JSON.stringify(source)}`),
      );
      const { privateKey, publicKey } = makeKeyPair();
      writeFileSync(join(own, "operator-key"), privateKey, { mode: 0o600 });
      writeFileSync(join(own, "operator-key.pub"), publicKey);
      if (tool !== "none")
        symlinkSync(resolve(ROOT, `src/configurators/${tool}/starter-kit`), join(own, tool));
      const stack = await loadStack({ cwd: directory, env: { DEMO_CONFIGURATOR: tool } });
      expect(stack.configurator.name).toBe(tool);
      expect(stack.servers.filter(({ name }) => name !== "master").length).toBe(3);
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
);
