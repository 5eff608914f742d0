import { spawnSync } from "node:child_process";
import { rm } from "node:fs/promises";

import { afterAll, beforeAll, expect, test } from "vitest";

import { MAIN, makeProject, NODE } from "./start-program.ts";

/** A mount name space of our own: by root, or by anybody where the kernel lets users have one. */
const UNSHARE = process.getuid?.() === 0 ? ["-m"] : ["-rm"];
const canMount = spawnSync("unshare", [...UNSHARE, "true"]).status === 0;

let directory: string;
beforeAll(async () => {
  directory = await makeProject("");
});
afterAll(async () => rm(directory, { recursive: true, force: true }));

test.runIf(canMount)("a full disk is told as one, and leaves no half of a lock", () => {
  const script = [
    "set -e",
    "mkdir -p .bootmachine/shop",
    "mount -t tmpfs -o size=16k none .bootmachine",
    "mkdir .bootmachine/shop",
    "dd if=/dev/zero of=.bootmachine/filler bs=4k 2>/dev/null || true",
    'status=0; "$0" "$1" boot || status=$?',
    'echo "status $status"',
    'echo "left $(ls .bootmachine/shop)"',
  ].join("\n");
  const { stdout, stderr } = spawnSync("unshare", [...UNSHARE, "sh", "-c", script, NODE, MAIN], {
    cwd: directory,
    encoding: "utf8",
    timeout: 50_000,
    env: { PATH: process.env["PATH"] ?? "", HOME: directory, USER: "ada", TMPDIR: directory },
  });
  expect(stderr).toContain("DISK_FULL");
  expect(stderr).not.toContain("report");
  expect(stdout).toContain("status 1\nleft \n");
});
