import { spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

const SCRIPT = resolve(import.meta.dirname, "../../../bench/handwritten-check.sh");

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "yardstick-"));
  await mkdir(join(root, "desired"));
  for (const name of ["files.sha256", "hosts", "live.nft", "sshd.txt", "sysctl", "packages"])
    await writeFile(join(root, "desired", name), "");
  for (const name of ["services", "users"]) await writeFile(join(root, "desired", name), "");
  await mkdir(join(root, "bin"));
  await mkdir(join(root, "var/cache"), { recursive: true });
  await mkdir(join(root, "var/lib/dpkg"), { recursive: true });
  await writeFile(join(root, "var/lib/dpkg/status"), "");
});
afterEach(async () => rm(root, { recursive: true, force: true }));

async function addCommand(name: string, text: string): Promise<void> {
  await writeFile(join(root, "bin", name), `#!/bin/sh\n${text}\n`);
  await chmod(join(root, "bin", name), 0o755);
}

/** The script against this computer as its server, with its own places below the test's directory. */
async function check(): Promise<string> {
  await addCommand("ssh", 'while [ "$1" != sh ]; do shift; done; exec "$@"');
  const text = (await readFile(SCRIPT, "utf8")).replaceAll(
    /(?<=[ =])\/(?:var|etc)\/(?=cache|lib\/dpkg|lib\/apt|apt)/gu,
    (start) => `${root}${start}`,
  );
  const { stdout } = spawnSync("sh", ["-c", text, SCRIPT, "none", join(root, "desired"), "here"], {
    encoding: "utf8",
    env: { ...process.env, PATH: `${join(root, "bin")}:${process.env["PATH"]}` },
  });
  return stdout;
}

test("the yardstick remembers that nothing was pending, as bootmachine does, until something changes", async () => {
  const calls = join(root, "calls");
  await addCommand("apt-get", `echo called >>${calls}`);
  const counted = async (): Promise<number> =>
    (await readFile(calls, "utf8")).trim().split("\n").length;

  expect(await check()).not.toContain("upgrades pending");
  expect(await check()).not.toContain("upgrades pending");
  expect(await counted()).toBe(1);

  // A package was installed; and now one is pending, which is said each time.
  await addCommand("apt-get", `echo called >>${calls}; echo "Inst libc6 [2.36-9] (2.36-10)"`);
  const later = new Date(Date.now() + 5000);
  await utimes(join(root, "var/lib/dpkg/status"), later, later);
  expect(await check()).toContain("upgrades pending");
  expect(await check()).toContain("upgrades pending");
  expect(await counted()).toBe(3);
});
