import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import type { ConfiguratorContext, Tree } from "../../../../src/configurators/contract.ts";
import { none } from "../../../../src/configurators/none.ts";
import { SharedWork } from "../../../../src/fleet/configurator/shared-work.ts";
import { treesResource } from "../../../../src/fleet/configurator/trees-in-force.ts";
import type { ServerRun } from "../../../../src/fleet/server-run.ts";
import { readLocalTree } from "../../../../src/host/tree/local-tree.ts";
import { revisionOf } from "../../../../src/host/tree/sync-tree.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "trees-"));
  await mkdir(join(home, "states"));
  await writeFile(join(home, "states/greeting"), "hello\n");
});
afterEach(async () => {
  await rm(home, { recursive: true });
});

const treeOn = (on: Tree["on"]): Tree => ({
  name: "states",
  local: join(home, "states"),
  remote: join(home, "srv's/states"),
  on,
});

/** Puts the tree there as a host has it after it was brought. */
async function bring(tree: Tree): Promise<void> {
  const revision = `${revisionOf(tree, await readLocalTree(tree))}-a1b2c3`;
  await mkdir(join(home, "srv's/.states.bootmachine", revision), { recursive: true });
  await rm(tree.remote, { force: true });
  await symlink(`.states.bootmachine/${revision}`, tree.remote);
}

/** Whether the tree is found in force; undefined where the server is not asked. */
async function isFound(tree: Tree, isMaster: boolean): Promise<boolean | undefined> {
  const run = {
    context: {
      stack: { configurator: { ...none(), trees: () => [tree] } },
      shared: new SharedWork(home),
    },
  } as unknown as ServerRun;
  const member = { member: { isMaster } } as unknown as ConfiguratorContext;
  const [resource] = await treesResource(run, member);
  if (resource === undefined) return undefined;
  return spawnSync("sh", ["-c", resource.check]).status === 0;
}

test("a tree is found where it was brought, until that of the config is another one", async () => {
  const tree = treeOn("master");
  expect(await isFound(tree, true)).toBe(false);
  await bring(tree);
  expect(await isFound(tree, true)).toBe(true);
  await writeFile(join(home, "states/greeting"), "good day\n");
  expect(await isFound(tree, true)).toBe(false);
  await writeFile(join(home, "states/greeting"), "hello\n");
  expect(await isFound(tree, true)).toBe(true);
});

test("who has come by the same name and is none of ours is not taken for it", async () => {
  const tree = treeOn("member");
  await mkdir(tree.remote, { recursive: true });
  expect(await isFound(tree, false)).toBe(false);
});

test("a server is asked for what lies on it alone", async () => {
  expect(await isFound(treeOn("master"), false)).toBeUndefined();
  expect(await isFound(treeOn("controller"), true)).toBeUndefined();
  expect(await isFound(treeOn("member"), false)).toBe(false);
});
