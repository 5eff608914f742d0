import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { ansible } from "../../../../src/configurators/ansible/ansible.ts";
import { ansibleOptionsSchema } from "../../../../src/configurators/ansible/options.ts";
import {
  defaultVersion,
  isPinned,
  renderRequirements,
} from "../../../../src/configurators/ansible/python-packages.ts";

function problems(options: object): readonly string[] {
  const { error } = ansibleOptionsSchema.safeParse(options);
  return (error?.issues ?? []).map(({ path }) => path.join("."));
}

describe("options of ansible", () => {
  it("have defaults, and refuse what would come to nothing", () => {
    expect(problems({})).toEqual([]);
    expect(problems({ install: "distro", version: "2.19.14" })).toEqual(["version"]);
    expect(problems({ from: "controller", index: "https://pypi.example.com/simple" })).toEqual([
      "index",
    ]);
    expect(problems({ version: "2.19" })).toEqual(["version"]);
    expect(problems({ playbook: "../site.yml" })).toEqual(["playbook"]);
    expect(problems({ playbook: "/site.yml" })).toEqual(["playbook"]);
    expect(problems({ playbook: "plays/site.yml" })).toEqual([]);
    expect(problems({ remoteDir: "srv/ansible" })).toEqual(["remoteDir"]);
    expect(problems({ remoteDir: "/srv/../etc" })).toEqual(["remoteDir"]);
    expect(problems({ remoteDir: "/srv/ansible/site" })).toEqual([]);
    expect(problems({ user: "root" })).toEqual(["user"]);
    expect(problems({ forks: 0 })).toEqual(["forks"]);
  });

  it("take an index without TLS only where every hash is known", () => {
    expect(problems({ index: "http://10.0.0.1/simple" })).toEqual([]);
    expect(problems({ index: "http://10.0.0.1/simple", version: "2.19.14" })).toEqual([]);
    expect(problems({ index: "http://10.0.0.1/simple", version: "2.18.1" })).toEqual(["index"]);
    expect(problems({ index: "https://pypi.example.com/simple", version: "2.18.1" })).toEqual([]);
  });

  it("need a master to push from, and no account where the operator pushes", () => {
    expect(ansible()).toMatchObject({
      topology: "push",
      needsMaster: true,
      accounts: [{ name: "ansible", sudo: "nopasswd" }],
    });
    const fromController = ansible({ from: "controller" });
    expect(fromController).toMatchObject({ needsMaster: false, accounts: [] });
    expect(fromController).not.toHaveProperty("revoke");
  });

  it.each([
    // The default asks for no more than ever, whatever the stack has.
    [undefined, 1, 400],
    [undefined, 500, 400],
    [10, 500, 400],
    [1, 500, 400],
    // As many processes as there are servers, and no more.
    [200, 3, 400],
    [200, 10, 400],
    [200, 11, 450],
    [20, 500, 900],
    [200, 500, 9900],
  ])("with forks %j and %i servers, the master needs %i MB", (forks, members, memoryMb) => {
    expect(ansible(forks === undefined ? {} : { forks }).masterMemoryMb?.(members)).toBe(memoryMb);
  });

  it("ask for no memory of a master where the operator's computer does the work", () => {
    const configurator = ansible({ from: "controller", forks: 200 });
    expect(configurator.minimumMemoryMb).toEqual({ master: 0, agent: 0 });
    expect(configurator).not.toHaveProperty("masterMemoryMb");
  });

  it("check that the tree and the playbook are there", async () => {
    const directory = await mkdtemp(join(tmpdir(), "bootmachine-ansible-"));
    try {
      const check = async () =>
        ((await ansible().check?.(directory)) ?? []).map(({ path }) => path.join("."));
      expect(await check()).toEqual(["tree"]);
      await mkdir(join(directory, "ansible/site.yml"), { recursive: true });
      expect(await check()).toEqual(["playbook"]);
      await rm(join(directory, "ansible/site.yml"), { recursive: true });
      await writeFile(join(directory, "ansible/site.yml"), "[]\n");
      expect(await check()).toEqual([]);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe("the virtual environment", () => {
  it("takes the newest release that the master's Python can run", () => {
    const versions = ["12", "13"].map((osVersion) => defaultVersion({ osId: "debian", osVersion }));
    expect(versions[0]).toMatch(/^2\.19\./);
    expect(versions[1]).toMatch(/^2\.21\./);
    for (const version of versions) expect(isPinned(version)).toBe(true);
  });

  it("pins every file by hash where it knows the release, otherwise the version", () => {
    const pinned = renderRequirements("2.19.14").split("\n").slice(1);
    const packages = pinned.filter((line) => /^[a-z]/.test(line));
    expect(packages.map((line) => line.replace(/==.*/, ""))).toContain("cryptography");
    // pip holds everything against hashes as soon as one line has one, and refuses what has none.
    for (const line of packages) expect(line).toMatch(/==[0-9.]+ \\$/);
    expect(renderRequirements("2.18.1")).toMatch(/\nansible-core==2\.18\.1\n$/);
  });
});

describe("roles as groups of the inventory", () => {
  const refused = (...roles: readonly string[]): readonly string[] =>
    (ansible().checkRoles?.(roles) ?? []).map(({ role }) => role);

  it.each(["all", "ungrouped", "plugin"])("%s is Ansible's own", (role) => {
    expect(refused("web", role)).toEqual([role]);
    expect(ansible({ from: "controller" }).checkRoles?.([role])).toMatchObject([
      { role, message: expect.stringContaining(`"${role}" is its own name`) as string },
    ]);
  });

  it("two of them never come to the same group", () => {
    expect(refused("front-end", "db", "front_end")).toEqual(["front_end"]);
    expect(refused("front-end", "front-ends", "localhost", "constructor", "hosts")).toEqual([]);
  });
});
