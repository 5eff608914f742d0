import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { imagesInUse, lowerDirectories } from "../../../src/providers/local/images-in-use.ts";
import { localPaths } from "../../../src/providers/local/paths.ts";
import { localOptionsSchema } from "../../../src/providers/local/options.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "images-"));
});
afterEach(async () => rm(directory, { recursive: true, force: true }));

async function addServer(state: string, server: string, imageDirectory: string): Promise<void> {
  const machine = join(directory, state, "machines", "shop", server);
  await mkdir(machine, { recursive: true });
  const record = {
    madeBy: "bootmachine",
    format: 1,
    id: "bm0123456789",
    stack: "shop",
    server,
    token: "t",
    image: "debian-12",
    imageDirectory,
    size: "small",
    uuid: "u",
    address: "10.0.0.2",
    address6: "fd00::2",
    hostKey: "k",
    createdAt: "2026-01-01T00:00:00Z",
    state: "made",
  };
  await writeFile(join(machine, "machine.json"), JSON.stringify(record));
}

test("images below servers of other state directories are in use as well", async () => {
  await addServer("local", "web1", "/cache/images/a/rootfs");
  await addServer("rehearsal", "web1", "/cache/images/b/rootfs");
  const settings = localOptionsSchema.parse({
    stateDirectory: join(directory, "local"),
    cacheDirectory: "/cache",
  });
  const used = await imagesInUse(localPaths(settings));
  expect(used).toContain("/cache/images/a/rootfs");
  expect(used).toContain("/cache/images/b/rootfs");
  expect(used).not.toContain("/cache/images/c/rootfs");
});

test("so are those that are mounted, wherever the server's state lies", () => {
  expect(
    lowerDirectories(
      [
        "overlay /srv/x/root overlay rw,relatime,lowerdir=/cache/images/d/rootfs,upperdir=/srv/x/upper,workdir=/srv/x/work 0 0",
        "tmpfs /run tmpfs rw,size=16384k 0 0",
        "/dev/vda1 / ext4 rw,relatime 0 0",
        "",
      ].join("\n"),
    ),
  ).toEqual(["/cache/images/d/rootfs"]);
});
