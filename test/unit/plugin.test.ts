import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { expect, test } from "vitest";

import { none } from "../../src/configurators/none.ts";
import { UserError } from "../../src/errors/error.ts";
import { makeKeyPair } from "../../src/host/key-pair.ts";
import { loadStack } from "../../src/index.ts";
import { defineConfigurator, defineProvider } from "../../src/plugin.ts";
import { fakeProvider } from "../../src/testing.ts";

test("a plug-in comes back unchanged", () => {
  const provider = fakeProvider();
  expect(defineProvider(provider)).toBe(provider);
});

test("one for another version of the contract, or of another kind, is refused", () => {
  const provider = fakeProvider();
  expect(() => defineProvider({ ...provider, apiVersion: 2 as 1 })).toThrow(/version 2/);
  expect(() => defineConfigurator(provider as never)).toThrow(/is no configurator/);
  expect(defineConfigurator(none()).name).toBe("none");
});

test("a YAML config names a file that exports a factory, and its options are checked", async () => {
  const directory = await mkdtemp(join(tmpdir(), "bootmachine-plugin-"));
  const load = async (configurator: string): Promise<string> => {
    await writeFile(
      join(directory, "bootmachine.config.yaml"),
      `name: shop
provider: local
ssh: { identityFile: ./id }
users: [{ name: ada, sudo: nopasswd, keys: [./id.pub] }]
servers: [{ name: web1 }]
configurator: ${configurator}
`,
    );
    return (await loadStack({ cwd: directory, env: {} })).configurator.name;
  };
  try {
    await cp(resolve("examples/own-configurator"), directory, { recursive: true });
    await rm(join(directory, "bootmachine.config.ts"));
    // As after `npm install zod` there.
    await symlink(resolve("node_modules"), join(directory, "node_modules"));
    const { privateKey, publicKey } = makeKeyPair();
    await writeFile(join(directory, "id"), privateKey, { mode: 0o600 });
    await writeFile(join(directory, "id.pub"), publicKey);
    expect(await load("{ name: ./plugin.ts, folder: ./snippets }")).toBe("snippets");
    const failure = await load("{ name: ./plugin.ts, foldr: ./snippets }").catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(UserError);
    expect((failure as UserError).problems).toMatchObject([{ path: "configurator.foldr" }]);
  } finally {
    await rm(directory, { recursive: true });
  }
});
