import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { expect } from "vitest";

import { UserError } from "../../../../src/errors/error.ts";
import { none } from "../../../../src/configurators/none.ts";
import { loadStack, type LoadStackOptions } from "../../../../src/stack/load-stack.ts";
import { PluginRegistry } from "../../../../src/stack/plugin-registry.ts";
import type { Stack } from "../../../../src/stack/stack.ts";
import { makeEmptyDirectory } from "./made-directories.ts";
import { toyDistro, toyOptionsSchema, toyProvider } from "./toy-plugins.ts";

/** A fresh directory with files; removed after the test file. */
export function makeDirectory(files: Readonly<Record<string, string>> = {}): string {
  const directory = makeEmptyDirectory();
  for (const [name, text] of Object.entries(files)) {
    const file = join(directory, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    if (/id_[a-z0-9]+$/.test(name)) chmodSync(file, 0o600);
  }
  return directory;
}

/** A key pair made by ssh-keygen in `directory`; returns the public line. */
export function makeKeyPair(
  directory: string,
  name: string,
  options: { readonly passphrase?: string; readonly type?: string; readonly format?: string } = {},
): string {
  const file = join(directory, name);
  mkdirSync(dirname(file), { recursive: true });
  const args = [
    "-q",
    "-t",
    options.type ?? "ed25519",
    "-N",
    options.passphrase ?? "",
    "-C",
    "test",
    "-m",
    options.format ?? "RFC4716",
    "-f",
    file,
  ];
  execFileSync("ssh-keygen", args);
  return execFileSync("cat", [`${file}.pub`], { encoding: "utf8" }).trim();
}

/** The registry of the tests: toy plug-ins, so that nothing here needs a provider's own folder. */
export const TOYS = new PluginRegistry([
  {
    kind: "provider",
    name: "toy",
    load: () =>
      Promise.resolve({
        kind: "provider",
        name: "toy",
        options: toyOptionsSchema,
        create: toyProvider,
      }),
  },
  {
    kind: "configurator",
    name: "none",
    load: () => Promise.resolve({ kind: "configurator", name: "none", create: none }),
  },
  {
    kind: "configurator",
    name: "agents",
    load: () =>
      Promise.resolve({
        kind: "configurator",
        name: "agents",
        create: () => ({ ...none(), name: "agents", topology: "agent" as const }),
      }),
  },
  {
    kind: "configurator",
    name: "by-role",
    load: () =>
      Promise.resolve({
        kind: "configurator",
        name: "by-role",
        create: () => ({
          ...none(),
          name: "by-role",
          namedRoles: [
            { role: "database", path: ["lists", "database"] },
            { role: "databse", path: ["lists", "databse"] },
          ],
          checkRoles: (roles: readonly string[]) =>
            roles
              .filter((role) => role === "taken")
              .map((role) => ({ role, message: `the tool has a "${role}" of its own` })),
        }),
      }),
  },
  {
    kind: "distro",
    name: "toyos",
    load: () => Promise.resolve({ kind: "distro", name: "toyos", create: toyDistro }),
  },
]);

export const KEY =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ada@laptop";
export const OTHER_KEY =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA bob@laptop";

/** A config in which every rule holds, as plain data. */
export const GOOD = {
  name: "shop",
  provider: "toy",
  users: [{ name: "ada", keys: [KEY], sudo: "nopasswd" }],
  servers: [
    { name: "web", roles: ["application"] },
    { name: "db", roles: ["database"] },
  ],
} as const;

type LoadOptions = Partial<Omit<LoadStackOptions, "cwd">>;

/** Loads the config of a directory; ssh-agent holds KEY, and there is no home directory to find keys in. */
export function load(directory: string, options: LoadOptions = {}): Promise<Stack> {
  return loadStack({
    cwd: directory,
    env: { HOME: join(directory, "home") },
    plugins: TOYS,
    agentKeys: () => Promise.resolve([KEY]),
    ...options,
  });
}

/** Loads a value as a JSON config. */
export function loadValue(value: unknown, options: LoadOptions = {}): Promise<Stack> {
  return load(
    makeDirectory({ "bootmachine.config.json": JSON.stringify(value, null, 2) }),
    options,
  );
}

/** The error that a load ends with. */
export async function failureOf(loading: Promise<unknown>): Promise<UserError> {
  let result: unknown;
  try {
    result = await loading;
  } catch (thrown) {
    if (thrown instanceof UserError) return thrown;
    throw thrown;
  }
  throw new Error(`no error was thrown; loaded ${JSON.stringify(result)}`);
}

/** The problems of a value as `path: message` lines, in order. */
export async function problemsOf(value: unknown, options: LoadOptions = {}): Promise<string[]> {
  const error = await failureOf(loadValue(value, options));
  return error.problems.map((problem) => `${problem.path}: ${problem.message}`);
}

/** Matches a text that holds another. */
export const containing = (text: string): unknown => expect.stringContaining(text);
