import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

import { ERROR_CODES } from "../../../src/errors/codes.ts";

import {
  fingerprint,
  learnHostKey,
  pinHostKeys,
  readPinnedKeys,
  unpinHostKeys,
} from "../../../src/host/known-hosts.ts";

const KEY_A = `ssh-ed25519 ${"A".repeat(68)}`;
const KEY_B = `ssh-rsa ${"B".repeat(72)}`;

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bm-known-"));
  file = join(directory, "deep", "known_hosts");
});
afterEach(() => rmSync(directory, { recursive: true }));

test("keys are pinned, replaced and forgotten; others stay", async () => {
  await pinHostKeys(file, "shop.web1", [KEY_A, `${KEY_B} comment`]);
  await pinHostKeys(file, "shop.web10", [KEY_A]);
  expect(await readPinnedKeys(file, "shop.web1")).toEqual([KEY_A, KEY_B]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await pinHostKeys(file, "shop.web1", [KEY_B]);
  expect(readFileSync(file, "utf8")).toBe(`shop.web10 ${KEY_A}\nshop.web1 ${KEY_B}\n`);
  await unpinHostKeys(file, "shop.web1");
  expect(readFileSync(file, "utf8")).toBe(`shop.web10 ${KEY_A}\n`);
  await unpinHostKeys(file, "shop.web1");
  expect(readdirSync(join(directory, "deep"))).toEqual(["known_hosts"]);
});

test("a hundred servers pinned at once are all there", async () => {
  const names = Array.from({ length: 100 }, (_, index) => `shop.web${index}`);
  await Promise.all(names.map((name) => pinHostKeys(file, name, [KEY_A])));
  expect(readFileSync(file, "utf8").split("\n").filter(Boolean).sort()).toEqual(
    names.map((name) => `${name} ${KEY_A}`).sort(),
  );
});

test("forgetting in a file that is not there makes none", async () => {
  await unpinHostKeys(file, "shop.web1");
  expect(readdirSync(directory)).toEqual([]);
});

test("a write that cannot be done is told, and the next one works", async () => {
  writeFileSync(join(directory, "deep"), "in the way");
  await expect(pinHostKeys(file, "shop.web1", [KEY_A])).rejects.toThrow(/EEXIST|ENOTDIR/);
  rmSync(join(directory, "deep"));
  await pinHostKeys(file, "shop.web1", [KEY_A]);
  expect(await readPinnedKeys(file, "shop.web1")).toEqual([KEY_A]);
});

test("fingerprints are OpenSSH's", () => {
  const key = join(directory, "key");
  spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const { stdout } = spawnSync("ssh-keygen", ["-l", "-f", `${key}.pub`], { encoding: "utf8" });
  expect(fingerprint(readFileSync(`${key}.pub`, "utf8"))).toBe(stdout.split(" ")[1]);
});

test("a first use that fails says what stood in the way, and not that something is slow", async () => {
  const target = { server: "web1", address: "127.0.0.1", port: 1, user: "root" };
  const learnt = learnHostKey([target], {
    knownHostsFile: join(directory, "known_hosts"),
    hostKeyAlias: "shop.web1",
    configFile: "none",
    connectTimeoutMs: 1000,
    timeoutMs: 1000,
    signal: new AbortController().signal,
  });
  await expect(learnt).rejects.toMatchObject({
    code: "TIMEOUT",
    hint: ERROR_CODES.CONNECTION_REFUSED.todo,
  });
});
