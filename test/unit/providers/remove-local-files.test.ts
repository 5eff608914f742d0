import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
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

/** The script's text with its two places below a directory of the test's own. */
function scriptText(): string {
  const text = readFileSync(SCRIPT, "utf8").replaceAll(/=(\/var\/\S+)/gu, `=${root}$1`);
  expect(text.match(new RegExp(`=${root}/var/`, "gu"))).toHaveLength(2);
  return text;
}

function remove(...flags: readonly string[]): string {
  const text = scriptText();
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

test("leaves no half image that is taken for a whole one, where it is killed", async () => {
  const image = join(root, "var/cache/bootmachine/images/a");
  await mkdir(join(image, "rootfs/etc"), { recursive: true });
  await writeFile(join(image, "image.json"), "{}");
  // An rm that has begun below the cache when the script is killed.
  const bin = join(root, "bin");
  await mkdir(bin);
  const dying = `#!/bin/sh
case "$*" in
"-rf ${root}/var/cache/bootmachine") /bin/rm -rf "${image}/rootfs/etc"; kill -KILL $PPID ;;
*) exec /bin/rm "$@" ;;
esac
`;
  await writeFile(join(bin, "rm"), dying, { mode: 0o755 });
  const { signal } = spawnSync("sh", ["-c", scriptText(), SCRIPT], {
    env: { PATH: `${bin}:${process.env["PATH"]}` },
  });
  expect(signal).toBe("SIGKILL");
  expect(isThere("var/cache/bootmachine/images/a/rootfs/etc")).toBe(false);
  expect(isThere("var/cache/bootmachine/images/a/rootfs")).toBe(true);
  expect(isThere("var/cache/bootmachine/images/a/image.json")).toBe(false);
});
