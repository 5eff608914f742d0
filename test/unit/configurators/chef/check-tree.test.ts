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

/** The same, with what to do. */
async function tell(options: ChefOptions): Promise<readonly string[]> {
  const problems = (await chef(options).check?.(directory)) ?? [];
  return problems.map(({ path, message, hint }) => `${path.join(".")}: ${message} (${hint})`);
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
    const packages = { "debian-12": { file: "no.deb", sha256: "0".repeat(64) } };
    expect(await check({ packages })).toEqual(["packages.debian-12.file: no.deb cannot be read"]);
    expect(await check({ tree: "chef", server: { packages } })).toEqual([
      "server.packages.debian-12.file: no.deb cannot be read",
      "tree: the folder chef is not there",
    ]);
  });

  it("the starter kit passes as it is", async () => {
    const kit = new URL("../../../../src/configurators/chef/starter-kit", import.meta.url).pathname;
    expect(await check({ tree: kit })).toEqual([]);
  });
});

describe("an exported policy, before a server is touched", () => {
  const policy = { name: "web" };
  const json = async (path: string, value: unknown): Promise<void> => {
    await write(path);
    await writeFile(join(directory, path), JSON.stringify(value));
  };
  const group = (revision: string): object => ({ policies: { web: { revision_id: revision } } });

  it("is whole: its group, its revision, its cookbooks", async () => {
    await write("chef/policy_groups/local.json", "chef/policies/web-0123.json");
    expect(await check({ tree: "chef", policy })).toEqual([
      "policy: policy_groups/local.json of chef is not what `chef export` writes",
    ]);
    await json("chef/policy_groups/local.json", group("0124"));
    expect(await check({ tree: "chef", policy })).toEqual([
      "policy: chef has no policies/web-0124.json",
    ]);
    expect(await check({ tree: "chef", policy: { name: "db" } })).toEqual([
      'policy: the group "local" of chef has no policy "db"; it has web',
    ]);
    expect(await check({ tree: "chef", policy: { name: "web", group: "prod" } })).toEqual([
      'policy: chef has no policy group "prod"; it has local',
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

  it("is not its archive: that is to be unpacked", async () => {
    await mkdir(join(directory, "chef"));
    await write("out/web-0123.tgz");
    expect(await tell({ tree: "./out/web-0123.tgz", policy })).toEqual([
      "tree: ./out/web-0123.tgz is an archive, and the tree is a folder (Unpack it: `mkdir -p ./out/web-0123 && tar -xf ./out/web-0123.tgz -C ./out/web-0123`; then write `tree: ./out/web-0123`.)",
    ]);
    // Whether the policy is named or not.
    for (const options of [{ tree: "out", policy }, { tree: "out" }]) {
      expect(await tell(options)).toEqual([
        "policy: out holds the archive web-0123.tgz, and no unpacked policy (Unpack it: `mkdir -p out && tar -xf out/web-0123.tgz -C out`.)",
      ]);
    }
  });

  it("is not its lock: that names cookbooks and does not hold them", async () => {
    await write("chef/Policyfile.lock.json", "chef/cookbooks/site/metadata.rb");
    expect(await tell({ tree: "chef/Policyfile.lock.json", policy })).toEqual([
      "tree: chef/Policyfile.lock.json only names the cookbooks of a policy, and the tree is a folder that holds them (`chef export FOLDER`, after `chef install`, writes such a folder; name it in `tree`, and the policy in `policy`.)",
    ]);
    expect(await tell({ tree: "chef", policy })).toEqual([
      "policy: chef holds Policyfile.lock.json, whose policy is not exported yet (`chef export FOLDER`, after `chef install`, writes a folder with the policy and its cookbooks: name that one in `tree`.)",
    ]);
    // With a run list the cookbooks are a tree like any other.
    await write("chef/cookbooks/site/recipes/default.rb");
    expect(await check({ tree: "chef", runList: ["recipe[site]"] })).toEqual([]);
    await rm(join(directory, "chef/cookbooks"), { recursive: true });
    expect(await check({ tree: "chef", runList: ["recipe[site]"] })).toEqual([
      "policy: chef holds Policyfile.lock.json, whose policy is not exported yet",
    ]);
  });

  it("is named, where the tree has nothing else", async () => {
    await json("chef/policy_groups/local.json", group("0124"));
    await json("out/policy_groups/prod.json", group("0124"));
    expect(await tell({ tree: "chef" })).toEqual([
      "policy: chef is an exported policy, and `policy` does not name it (Write `policy: { name: web }`.)",
    ]);
    expect(await tell({ tree: "out" })).toEqual([
      "policy: out is an exported policy, and `policy` does not name it (Write `policy: { name: web, group: prod }`.)",
    ]);
  });

  it("is in no file, and in no folder without one", async () => {
    await write("chef/notes.txt");
    expect(await check({ tree: "chef/notes.txt", policy })).toEqual([
      "tree: chef/notes.txt is no folder",
    ]);
    expect(await check({ tree: "chef", policy })).toEqual([
      "policy: chef has no policy_groups, so no policy was exported to it",
    ]);
  });
});
