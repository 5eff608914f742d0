import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { BUILTINS } from "../../../src/builtins.ts";
import { loadStack } from "../../../src/stack/load-stack.ts";
import { renderStarterConfig, type StarterOptions } from "../../../src/stack/starter-config.ts";
import { makeDirectory, makeKeyPair } from "./support/config-directory.ts";

const LOCAL: Omit<StarterOptions, "format"> = {
  name: "shop",
  provider: "local",
  servers: [
    { name: "web1", roles: ["web"] },
    { name: "db1", roles: [] },
  ],
  operator: "ada",
  identityFile: "operator-key",
};
const EXISTING: Omit<StarterOptions, "format"> = {
  ...LOCAL,
  provider: "existing",
  servers: [
    { name: "web-1", roles: ["web"], address: "192.0.2.10" },
    { name: "db1", roles: [], address: "2001:db8::11" },
  ],
};

describe("starter configs", () => {
  it.each([
    ["ts", LOCAL],
    ["yaml", LOCAL],
    ["ts", EXISTING],
    ["yaml", EXISTING],
  ] as const)("%s load as they are: %j", async (format, options) => {
    const text = renderStarterConfig({ ...options, format });
    const directory = makeDirectory({ [`bootmachine.config.${format}`]: text });
    const line = makeKeyPair(directory, "operator-key");
    const stack = await loadStack({ cwd: directory, env: { HOME: directory }, plugins: BUILTINS });
    expect(stack).toMatchObject({
      name: "shop",
      operator: "ada",
      ssh: {
        port: 2849,
        identityFile: join(directory, "operator-key"),
        publicKey: line,
        identity: options.provider === "existing" ? "first-use" : "proven",
      },
    });
    expect(stack.provider.name).toBe(options.provider);
    expect(stack.servers.map(({ name, roles }) => ({ name, roles }))).toEqual(
      options.servers.map(({ name, roles }) => ({ name, roles })),
    );
  });

  it("the YAML form names the schema for editors", () => {
    expect(renderStarterConfig({ ...LOCAL, format: "yaml" })).toMatch(
      /^# yaml-language-server: \$schema=\.\/node_modules\/bootmachine\/schema\/bootmachine\.schema\.json\n/,
    );
  });

  it("quote what it is given", async () => {
    const identityFile = 'keys/a "b" ${x}';
    const options = { ...LOCAL, identityFile, format: "ts" } as const;
    expect(renderStarterConfig(options)).toContain(JSON.stringify(identityFile));
    const directory = makeDirectory({
      "bootmachine.config.yaml": renderStarterConfig({ ...options, format: "yaml" }),
    });
    makeKeyPair(directory, identityFile);
    const stack = await loadStack({ cwd: directory, env: { HOME: directory }, plugins: BUILTINS });
    expect(stack.ssh.identityFile).toBe(join(directory, identityFile));
  });
});
