import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

const SCRIPT = resolve(import.meta.dirname, "../../../scripts/remove-local-files.sh");

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "remove-"));
  for (const directory of ["var/lib/bootmachine/local/machines", "var/cache/bootmachine/images/a"])
    await mkdir(join(root, directory), { recursive: true });
});
afterEach(async () => rm(root, { recursive: true, force: true }));

const isThere = (path: string): boolean => existsSync(join(root, path));

/** The script with its two places below a directory of the test's own. */
function remove(...flags: readonly string[]): string {
  const text = readFileSync(SCRIPT, "utf8").replaceAll(/=(\/var\/\S+)/gu, `=${root}$1`);
  expect(text.match(new RegExp(`=${root}/var/`, "gu"))).toHaveLength(2);
  const { stdout, stderr, status } = spawnSync("sh", ["-c", text, SCRIPT, ...flags], {
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
  return stdout;
}

const addServer = (state: string): Promise<unknown> =>
  mkdir(join(root, "var/lib/bootmachine", state, "machines/shop/web1"), { recursive: true });

test("removes all where nobody has a server", () => {
  expect(remove()).toBe("");
  expect(isThere("var/lib/bootmachine")).toBe(false);
  expect(isThere("var/cache/bootmachine")).toBe(false);
});

test("keeps all where a stack has a server", async () => {
  await addServer("local");
  expect(remove()).toContain("another stack");
  expect(isThere("var/cache/bootmachine/images/a")).toBe(true);
  expect(isThere("var/lib/bootmachine/local/machines/shop/web1")).toBe(true);
});

test("keeps the images that a rehearsal's servers run on, and the servers", async () => {
  await addServer("rehearsal");
  expect(remove()).toContain("servers of a rehearsal");
  expect(isThere("var/cache/bootmachine/images/a")).toBe(true);
  expect(isThere("var/lib/bootmachine/rehearsal/machines/shop/web1")).toBe(true);
  expect(isThere("var/lib/bootmachine/local")).toBe(false);
});
