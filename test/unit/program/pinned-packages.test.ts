import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { ofVersions } from "../../../src/program/pinned-packages.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bootmachine-pinned-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs what brings packages to their versions, where `apt-get update` says this as often as is given, then that it is done. */
function bring(
  refusal: string,
  times: number,
): { status: number | null; output: string; calls: string } {
  const program = (name: string, text: string): void => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  program("sleep", "exit 0");
  program(
    "apt-get",
    `for word do last=$word; done
echo "$last" >>${folder}/calls
[ "$last" = update ] || exit 0
[ "$(grep -c update ${folder}/calls)" -gt ${times} ] || { echo '${refusal}' >&2; exit 100; }`,
  );
  const { run = "" } = ofVersions("salt is of the series 3008", { "salt-minion": "3008" });
  const { status, stdout, stderr } = spawnSync("sh", ["-c", run], {
    env: { PATH: `${folder}:/usr/bin:/bin` },
    encoding: "utf8",
  });
  return { status, output: stdout + stderr, calls: readFileSync(join(folder, "calls"), "utf8") };
}

describe("packages that are brought to other versions", () => {
  // As apt 2.6.1 says it; DPkg::Lock::Timeout does not count for this lock.
  const LOCKED =
    "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 812 (apt-get)";

  it("wait for the lock of the lists, which apt does not by itself", () => {
    expect(bring(LOCKED, 3)).toMatchObject({
      status: 0,
      calls: "update\nupdate\nupdate\nupdate\nsalt-minion\n",
    });
  });
  it("wait with a limit, and say who holds it", () => {
    const { status, output, calls } = bring(LOCKED, 1000);
    expect(status).not.toBe(0);
    expect(output).toContain("held by process 812");
    expect(calls.split("\n").length).toBeLessThan(150);
  });
  it("do not wait for anything else", () => {
    const { status, output, calls } = bring("E: The repository has no Release file.", 1000);
    expect(status).not.toBe(0);
    expect(output).toContain("no Release file");
    expect(calls).toBe("update\n");
  });
});
