import { globSync } from "node:fs";
import { resolve } from "node:path";

import { describe, expect, it } from "vitest";

import { BUILTINS } from "../../../src/builtins.ts";
import { loadStack } from "../../../src/stack/load-stack.ts";
import type { Stack } from "../../../src/stack/stack.ts";
import { makeDirectory, makeKeyPair } from "./support/config-directory.ts";

const ROOT = resolve(import.meta.dirname, "../../../examples");

const home = makeDirectory();
makeKeyPair(home, ".ssh/id_ed25519");
const load = (configPath: string): Promise<Stack> =>
  loadStack({ cwd: ROOT, configPath, env: { HOME: home }, plugins: BUILTINS });

/** What the form of a file must not change. */
const withoutForm = ({
  configFile: _file,
  directory: _directory,
  provider,
  ...stack
}: Stack): string => JSON.stringify({ ...stack, provider: provider.name });

describe("examples", () => {
  // The demo's key is made when it is run.
  const files = globSync("**/bootmachine.config.*", { cwd: ROOT })
    .filter((file) => !file.startsWith("demo/"))
    .toSorted();

  it("are there", () => {
    expect(files).toEqual([
      "custom-task/bootmachine.config.ts",
      "existing-hosts/bootmachine.config.ts",
      "own-configurator/bootmachine.config.ts",
      "own-provider/bootmachine.config.ts",
      "script/bootmachine.config.ts",
      "three-tier/bootmachine.config.ts",
      "three-tier/json/bootmachine.config.json",
      "three-tier/yaml/bootmachine.config.yaml",
    ]);
  });

  it.each(files)("%s loads", async (file) => {
    const stack = await load(file);
    expect(stack.ssh.publicKey).toMatch(/^ssh-ed25519 /);
    expect(stack.distros.map((distro) => distro.name)).toContain("debian");
  });

  it("three-tier is the same in TypeScript, YAML and JSON", async () => {
    const typescript = await load("three-tier/bootmachine.config.ts");
    expect(typescript.servers).toHaveLength(5);
    const yaml = await load("three-tier/yaml/bootmachine.config.yaml");
    const json = await load("three-tier/json/bootmachine.config.json");
    expect(withoutForm(yaml)).toBe(withoutForm(typescript));
    expect(withoutForm(json)).toBe(withoutForm(typescript));
  });
});
