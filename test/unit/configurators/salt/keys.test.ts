import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import type { Resource } from "../../../../src/program/resource.ts";
import { keyFingerprint } from "../../../../src/configurators/salt/key-fingerprint.ts";
import { LIST_KEYS, parseKeys } from "../../../../src/configurators/salt/key-list.ts";
import {
  END_SESSIONS,
  revokeKeyResources,
  revokeResources,
} from "../../../../src/configurators/salt/revoke.ts";

/** The public key of a master, and what `salt-call key.finger_master` (3008.5) said of it on its own minion. */
const PEM = readFileSync(join(import.meta.dirname, "fixtures/master.pub"), "utf8");
const FINGERPRINT =
  "e0:8b:a7:f7:25:69:26:23:d3:e8:a5:ac:bd:11:6f:43:0f:42:d0:7b:ef:0d:50:de:2f:a5:a3:2a:e4:b3:ff:84";

const FOLDERS = ["minions", "minions_pre", "minions_rejected", "minions_denied"];

/** A script as it is, but for where the keys are. */
function atMaster<T>(
  keys: Readonly<Record<string, string>>,
  work: (run: (script: string) => SpawnSyncReturns<string>, home: string) => T,
): T {
  const home = mkdtempSync(join(tmpdir(), "salt-keys-"));
  try {
    for (const folder of FOLDERS) mkdirSync(join(home, folder));
    for (const [path, text] of Object.entries(keys)) writeFileSync(join(home, path), text);
    return work(
      (script) =>
        spawnSync("sh", ["-c", script.replaceAll("/etc/salt/pki/master", home)], {
          encoding: "utf8",
        }),
      home,
    );
  } finally {
    rmSync(home, { recursive: true });
  }
}

function list(keys: Readonly<Record<string, string>>): ReturnType<typeof parseKeys> {
  return atMaster(keys, (run) => {
    const { stdout, status } = run(LIST_KEYS);
    expect(status).toBe(0);
    return parseKeys(stdout);
  });
}

/** Applies the resources of a revocation, and says which keys are left and which triggers were due. */
function revoked(
  resources: readonly Resource[],
  keys: Readonly<Record<string, string>>,
): { readonly left: readonly string[]; readonly triggers: readonly unknown[] } {
  return atMaster(keys, (run, home) => {
    const triggers = resources.flatMap((resource) => {
      if (resource.type !== "command") return [];
      if (run(resource.check).status === 0) return [];
      expect(run(resource.run ?? "").status).toBe(0);
      expect(run(resource.check).status, resource.check).toBe(0);
      return resource.triggers ?? [];
    });
    const left = FOLDERS.flatMap((folder) =>
      readdirSync(join(home, folder)).map((name) => `${folder}/${name}`),
    );
    return { left, triggers };
  });
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

  it("are what they are, whatever their minions call themselves", () => {
    const strange = [
      // Two lines of a list in which a line were a key.
      `evil\naccepted ${"0".repeat(64)} db1`,
      "evil\n",
      ".hidden",
      "..hidden",
      "-rf",
      "*",
      "'; reboot #",
      "$(reboot)",
      "Zoë",
    ];
    const keys = Object.fromEntries(strange.map((name) => [`minions_pre/${name}`, PEM]));
    const seen = list(keys);
    expect(seen.map(({ id }) => id).toSorted()).toEqual(strange.toSorted());
    expect(
      seen.every(({ state, fingerprint }) => state === "waiting" && fingerprint === FINGERPRINT),
    ).toBe(true);
  });

  it("may be none", () => {
    expect(list({})).toEqual([]);
  });
});

describe("a key that is revoked", () => {
  const OTHER = PEM.replace(/^M/m, "N");
  const other = keyFingerprint(OTHER);

  it("by its fingerprint goes under whatever name, but for a member's that is accepted", () => {
    const keys = {
      "minions/db1": PEM,
      "minions/intruder & sons": OTHER,
      "minions_pre/evil\nname": OTHER,
      "minions_pre/.hidden": OTHER,
      "minions_pre/copycat": PEM,
      "minions_denied/db1": OTHER,
    };
    expect(revoked(revokeKeyResources(other.toUpperCase(), ["db1", "web1"]), keys)).toEqual({
      left: ["minions/db1", "minions_pre/copycat"],
      triggers: [END_SESSIONS],
    });
    // A stranger who shows a member's key as his own does not take the member along.
    const { left, triggers } = revoked(revokeKeyResources(FINGERPRINT, ["db1", "web1"]), keys);
    expect(left).toContain("minions/db1");
    expect(left).not.toContain("minions_pre/copycat");
    expect(left).toHaveLength(5);
    expect(triggers).toEqual([]);
  });

  it("by its name goes from all lists; sessions are ended where it was accepted", () => {
    const keys = {
      "minions/db1": PEM,
      "minions/web1": PEM,
      "minions_denied/db1": OTHER,
      "minions_pre/mallory": OTHER,
    };
    expect(revoked(revokeResources("db1"), keys)).toEqual({
      left: ["minions/web1", "minions_pre/mallory"],
      triggers: [END_SESSIONS],
    });
    expect(revoked(revokeResources("mallory"), keys).triggers).toEqual([]);
  });

  it.each(["", "*", FINGERPRINT.slice(3), `${FINGERPRINT}:00`, `${FINGERPRINT.slice(2)}$(`])(
    "is not looked for by %j",
    (fingerprint) => {
      expect(() => revokeKeyResources(fingerprint, [])).toThrow(/is no fingerprint of a key/);
    },
  );
});
