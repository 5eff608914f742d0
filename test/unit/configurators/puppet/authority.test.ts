import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { Agent } from "../../../../src/configurators/contract.ts";
import { puppet } from "../../../../src/configurators/puppet/puppet.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bm-authority-"));
  for (const folder of ["signed", "requests"]) mkdirSync(join(directory, folder));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A script as it is, but for where the authority is. */
function atMaster(script: string): SpawnSyncReturns<string> {
  return spawnSync("sh", ["-c", script.replaceAll("/etc/puppet/puppetserver/ca", directory)], {
    encoding: "utf8",
  });
}

function listed(): readonly Agent[] {
  const { agents } = puppet({ packages: "distro" });
  return agents?.parse(atMaster(agents.script).stdout) ?? [];
}

function openssl(...words: readonly string[]): void {
  const { status, stderr } = spawnSync("openssl", words, { cwd: directory, encoding: "utf8" });
  expect(status, stderr).toBe(0);
}

/** Requests wait, and a certificate is signed, under these names, each with a key of its own. */
function knock(names: readonly string[], signed: readonly string[] = []): void {
  for (const [folder, all] of Object.entries({ requests: names, signed })) {
    for (const name of all) {
      const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
      const out = ["-keyout", "key", "-out", `${folder}/${name}.pem`, "-subj", "/CN=x"];
      openssl("req", "-new", ...(folder === "signed" ? ["-x509"] : []), ...key, ...out);
    }
  }
}

function revokeKey(fingerprint: string): SpawnSyncReturns<string> | undefined {
  const [resource] = puppet({ packages: "distro" }).revokeKey?.(fingerprint, ["web1", "hub"]) ?? [];
  if (resource?.type !== "command") throw new Error("there is nothing to be done");
  if (atMaster(resource.check).status === 0) return undefined;
  const done = atMaster(resource.run ?? "");
  expect(atMaster(resource.check).status).toBe(done.status);
  return done;
}

const fingerprintOf = (id: string, state = "waiting"): string =>
  listed().find((agent) => agent.id === id && agent.state === state)?.fingerprint ?? "";

it("a stranger's name cannot pass for a server's with a fingerprint of his choice", () => {
  writeFileSync(join(directory, "signed/web1.pem"), "");
  writeFileSync(join(directory, "requests/web1 ab:cd.pem"), "");
  expect(listed()).toMatchObject([
    { id: "web1", state: "accepted" },
    { id: "web1 ab:cd", state: "waiting" },
  ]);
});

describe("a request that waits, taken away by its fingerprint", () => {
  it.each(["mallory & sons", "$(touch oops)", ".hidden", "-rf", "web1"])(
    "under the name %j, and no other",
    (name) => {
      knock([name, "somebody else"], ["web1"]);
      expect(revokeKey(fingerprintOf(name))).toMatchObject({ status: 0 });
      expect(listed().map(({ id, state }) => `${id} ${state}`)).toEqual([
        "web1 accepted",
        "somebody else waiting",
      ]);
      expect(readdirSync(directory)).not.toContain("oops");
    },
  );

  it("is known by what openssl says of it, in capitals or not", () => {
    knock(["a b"]);
    const text = spawnSync("openssl", ["req", "-in", "requests/a b.pem", "-outform", "DER"], {
      cwd: directory,
    }).stdout;
    const digest = createHash("sha256").update(text).digest("hex");
    expect(fingerprintOf("a b")).toBe(digest.toUpperCase().match(/../g)?.join(":"));
    expect(revokeKey(fingerprintOf("a b").toLowerCase())).toMatchObject({ status: 0 });
    expect(listed()).toEqual([]);
  });

  it("is nothing where none waits, nor where it is a member's certificate", () => {
    knock(["a b"], ["web1"]);
    expect(revokeKey("00:".repeat(31) + "00")).toBeUndefined();
    expect(revokeKey(fingerprintOf("web1", "accepted"))).toBeUndefined();
    expect(listed()).toHaveLength(2);
  });

  it("a stranger's certificate is left to its name, which is said", () => {
    knock([], ["web1 hub"]);
    expect(revokeKey(fingerprintOf("web1 hub", "accepted"))).toMatchObject({
      status: 1,
      stderr: "this is the certificate of web1 hub, which is no member: revoke it by its name\n",
    });
  });

  it.each(["", "AB:CD", "SHA256 AB", `${"00:".repeat(31)}0g`])("%j is none", (fingerprint) => {
    expect(() => puppet().revokeKey?.(fingerprint, [])).toThrow(
      expect.objectContaining({ code: "USAGE" }),
    );
  });
});
