import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";
import { parse } from "yaml";

import { firstBootData, NONCE_PATH } from "../../../src/host/first-boot-data.ts";
import { makeKeyPair } from "../../../src/host/key-pair.ts";

test("OpenSSH reads the private key, and finds the same public half; no two are alike", () => {
  const directory = mkdtempSync(join(tmpdir(), "bootmachine-key-"));
  try {
    const pair = makeKeyPair();
    const file = join(directory, "key");
    writeFileSync(file, pair.privateKey, { mode: 0o600 });
    expect(execFileSync("ssh-keygen", ["-y", "-f", file], { encoding: "utf8" }).trim()).toBe(
      pair.publicKey,
    );
    expect(makeKeyPair().publicKey).not.toBe(pair.publicKey);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("user-data: who may log in, the host key, the nonce, and nothing else", () => {
  const hostKey = makeKeyPair();
  const text = firstBootData({ bootstrapKeys: ["ssh-ed25519 AAAA ada"], hostKey, nonce: "n-1" });
  expect(text.startsWith("#cloud-config\n")).toBe(true);
  expect(parse(text)).toEqual({
    ssh_authorized_keys: ["ssh-ed25519 AAAA ada"],
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey },
    write_files: [{ path: NONCE_PATH, content: "n-1\n", permissions: "0644" }],
  });
});

test("without a host key the machine makes its own", () => {
  const text = firstBootData({ bootstrapKeys: [], hostKey: undefined, nonce: "n" });
  expect(parse(text)).not.toHaveProperty("ssh_keys");
});
