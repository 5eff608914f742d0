import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { chef } from "../../../../src/configurators/chef/chef.ts";
import type { ChefOptions } from "../../../../src/configurators/chef/options.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bootmachine-chef-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function write(...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), "");
  }
}

async function check(options: ChefOptions): Promise<readonly string[]> {
  const problems = (await chef(options).check?.(directory)) ?? [];
  return problems.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("the tree, before a server is touched", () => {
  it("has what the run lists name", async () => {
    await write(
      "chef/cookbooks/site/metadata.rb",
      "chef/cookbooks/site/recipes/default.rb",
      "chef/cookbooks/site/recipes/web.rb",
      "chef/roles/db.json",
    );
    expect(
      await check({
        tree: "chef",
        runList: ["recipe[site]", "site::web"],
        roleRunLists: { database: ["role[db]"] },
      }),
    ).toEqual([]);
  });

  it("names every item that is not there, and its place in the options", async () => {
    await write("chef/cookbooks/site/metadata.rb");
    expect(
      await check({
        tree: "chef",
        runList: ["recipe[site]", "recipe[nginx::default]"],
        roleRunLists: { database: ["role[db]"] },
      }),
    ).toEqual([
      'runList.0: the cookbook "site" has no recipe "default" (recipes/default.rb)',
      'runList.1: chef has no cookbook "nginx" (cookbooks/nginx/metadata.rb)',
      'roleRunLists.database.0: chef has no role "db" (roles/db.rb or .json)',
    ]);
  });

  it("wants the folder and the packages' files", async () => {
    expect(await check({ tree: "chef" })).toEqual(["tree: the folder chef is not there"]);
    expect(
      await check({ packages: { "debian-12": { file: "no.deb", sha256: "0".repeat(64) } } }),
    ).toEqual(["packages.debian-12.file: no.deb cannot be read"]);
  });

  it("an exported policy is whole: its group, its revision, its cookbooks", async () => {
    const policy = { name: "web" };
    const json = (path: string, value: unknown): Promise<void> =>
      writeFile(join(directory, path), JSON.stringify(value));
    await write("chef/policy_groups/local.json", "chef/policies/web-0123.json");
    expect(await check({ tree: "chef", policy })).toEqual([
      "policy: chef has no policy_groups/local.json",
    ]);
    await json("chef/policy_groups/local.json", { policies: { web: { revision_id: "0124" } } });
    expect(await check({ tree: "chef", policy })).toEqual([
      "policy: chef has no policies/web-0124.json",
    ]);
    expect(await check({ tree: "chef", policy: { name: "db" } })).toEqual([
      'policy: the group "local" of chef has no policy "db"; it has web',
    ]);
    await json("chef/policies/web-0124.json", {
      cookbook_locks: { site: { identifier: "abc" }, base: { identifier: "def" } },
    });
    await write("chef/cookbook_artifacts/site-abc/metadata.json");
    expect(await check({ tree: "chef", policy })).toEqual([
      "policy: chef has no cookbook_artifacts/base-def",
    ]);
    await write("chef/cookbook_artifacts/base-def/metadata.json");
    expect(await check({ tree: "chef", policy })).toEqual([]);
  });

  it("the starter kit passes as it is", async () => {
    const kit = new URL("../../../../src/configurators/chef/starter-kit", import.meta.url).pathname;
    expect(await check({ tree: kit })).toEqual([]);
  });
});
