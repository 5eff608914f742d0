import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { salt } from "../../../../src/configurators/salt/salt.ts";
import { UserError } from "../../../../src/errors/error.ts";

const KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n-----END PGP PUBLIC KEY BLOCK-----\n";
const URL = "https://mirror.example.com/salt";

function problemsOf(options: object): readonly string[] {
  try {
    salt(options);
  } catch (error) {
    if (error instanceof UserError) return (error.problems ?? []).map(({ path }) => path);
    throw error;
  }
  return [];
}

describe("salt()", () => {
  it("needs no options", () => {
    expect(salt()).toMatchObject({ name: "salt", topology: "agent" });
    expect(salt().masterPorts.map(({ port }) => port)).toEqual([4505, 4506]);
  });

  it("refuses what cannot be", () => {
    expect(problemsOf({ version: "3005" })).toEqual(["configurator.version"]);
    expect(problemsOf({ remoteStatesDir: "srv/salt" })).toEqual(["configurator.remoteStatesDir"]);
    expect(problemsOf({ remoteStatesDir: "/srv/../etc" })).toEqual([
      "configurator.remoteStatesDir",
    ]);
    expect(problemsOf({ repository: {} })).toEqual(["configurator.repository"]);
    expect(
      problemsOf({ repository: { url: URL, key: { url: URL, fingerprint: "73D76B3F" } } }),
    ).not.toEqual([]);
  });

  it("takes no password in an address, and does not repeat it", () => {
    const fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567";
    for (const userinfo of ["ada:s3cret", "ada", ":s3cret"]) {
      const address = `https://${userinfo}@mirror.example.com/salt`;
      expect(problemsOf({ repository: { url: address } })).toEqual(["configurator.repository.url"]);
      expect(problemsOf({ repository: { key: { url: address, fingerprint } } })).not.toEqual([]);
      try {
        salt({ repository: { url: address } });
      } catch (error) {
        expect((error as UserError).problems?.[0]?.message).toContain("/etc/apt/auth.conf.d");
        expect(JSON.stringify((error as UserError).problems)).not.toContain("s3cret");
      }
    }
    expect(problemsOf({ repository: { url: "not an address" } })).toEqual([
      "configurator.repository.url",
    ]);
  });

  it("is not installed with a key of which only the file's name is known", () => {
    const configurator = salt({ repository: { url: URL, key: "./salt.asc" } });
    expect(() => configurator.install(undefined as never)).toThrow(/has not read it yet/);
  });

  it("keeps pillars out of the folder that all minions may read", () => {
    expect(problemsOf({ remoteStatesDir: "/srv/a", remotePillarsDir: "/srv/a" })).toEqual([
      "configurator.remotePillarsDir",
    ]);
  });
});

describe("what is looked at on the operator's computer", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "salt-options-"));
    await mkdir(join(directory, "salt/states"), { recursive: true });
    await mkdir(join(directory, "salt/pillars"));
    await writeFile(join(directory, "salt/states/top.sls"), "base: {}\n");
  });
  afterEach(() => rm(directory, { recursive: true }));

  it("is well where both trees are there", async () => {
    expect(await salt().check?.(directory)).toEqual([]);
  });

  it("tells missing trees, and states without a top.sls", async () => {
    const found = await salt({ states: "./nowhere", pillars: "salt/states/top.sls" }).check?.(
      directory,
    );
    expect(found).toEqual([
      expect.objectContaining({ path: ["states"], message: "the folder ./nowhere is not there" }),
      expect.objectContaining({ path: ["pillars"], message: "salt/states/top.sls is no folder" }),
    ]);
    await rm(join(directory, "salt/states/top.sls"));
    expect(await salt().check?.(directory)).toEqual([
      expect.objectContaining({
        path: ["states"],
        message: expect.stringContaining("has no top.sls") as string,
      }),
    ]);
  });

  it("takes the repository's key from a file, counted from the config's folder", async () => {
    await writeFile(join(directory, "salt.asc"), KEY);
    expect(await salt({ repository: { url: URL, key: "./salt.asc" } }).check?.(directory)).toEqual(
      [],
    );
    expect(await salt({ repository: { url: URL, key: KEY } }).check?.(directory)).toEqual([]);
    await writeFile(join(directory, "salt.asc"), "no key");
    const wrong = {
      "./salt.asc": "./salt.asc holds no armoured OpenPGP public key",
      "./nowhere.asc": '"./nowhere.asc" is neither a key nor a file that can be read',
    };
    for (const [key, message] of Object.entries(wrong)) {
      expect(await salt({ repository: { url: URL, key } }).check?.(directory)).toEqual([
        {
          path: ["repository", "key"],
          message,
          hint: expect.stringMatching(/gpg --armor --export.*\{ url, fingerprint \}/) as string,
        },
      ]);
    }
  });
});
