import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { keyFingerprint } from "../../../../src/configurators/salt/key-fingerprint.ts";
import { LIST_KEYS, parseKeys } from "../../../../src/configurators/salt/key-list.ts";

/** The public key of a master, and what `salt-call key.finger_master` (3008.5) said of it on its own minion. */
const PEM = readFileSync(join(import.meta.dirname, "fixtures/master.pub"), "utf8");
const FINGERPRINT =
  "e0:8b:a7:f7:25:69:26:23:d3:e8:a5:ac:bd:11:6f:43:0f:42:d0:7b:ef:0d:50:de:2f:a5:a3:2a:e4:b3:ff:84";

/** The script as it is, but for where the keys are. */
function list(keys: Readonly<Record<string, string>>): ReturnType<typeof parseKeys> {
  const home = mkdtempSync(join(tmpdir(), "salt-keys-"));
  try {
    for (const folder of ["minions", "minions_pre", "minions_rejected", "minions_denied"]) {
      mkdirSync(join(home, folder));
    }
    for (const [path, text] of Object.entries(keys)) writeFileSync(join(home, path), text);
    const { stdout, status } = spawnSync(
      "sh",
      ["-c", LIST_KEYS.replaceAll("/etc/salt/pki/master", home)],
      {
        encoding: "utf8",
      },
    );
    expect(status).toBe(0);
    return parseKeys(stdout);
  } finally {
    rmSync(home, { recursive: true });
  }
}

it("a fingerprint is the one that Salt counts on a minion", () => {
  expect(keyFingerprint(PEM)).toBe(FINGERPRINT);
  // As a step reads it: without the last newline.
  expect(keyFingerprint(PEM.trimEnd())).toBe(FINGERPRINT);
});

describe("the keys at a master", () => {
  it("are told apart by what the master thinks of them, with the fingerprint that the minion has", () => {
    expect(
      list({
        "minions/web1": PEM,
        "minions/.key_cache": "none of a minion",
        "minions_pre/mallory & sons": PEM,
        "minions_rejected/eve": `${PEM}\n`,
        "minions_denied/web1": PEM.trimEnd(),
      }),
    ).toEqual([
      { id: "web1", state: "accepted", fingerprint: FINGERPRINT },
      { id: "mallory & sons", state: "waiting", fingerprint: FINGERPRINT },
      { id: "eve", state: "rejected", fingerprint: FINGERPRINT },
      { id: "web1", state: "rejected", fingerprint: FINGERPRINT },
    ]);
  });

  it("may be none", () => {
    expect(list({})).toEqual([]);
  });
});
