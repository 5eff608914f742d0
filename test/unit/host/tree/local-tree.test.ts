import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Tree } from "../../../../src/configurators/contract.ts";
import { UserError } from "../../../../src/errors/error.ts";
import { readLocalTree } from "../../../../src/host/tree/local-tree.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bm-tree-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function put(path: string, content = `${path}\n`): Promise<string> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  return file;
}

function tree(changes: Partial<Tree> = {}): Tree {
  return { name: "states", local: folder, remote: "/srv/states", on: "master", ...changes };
}

const read = (changes: Partial<Tree> = {}) => readLocalTree(tree(changes));

async function problemsOf(changes: Partial<Tree> = {}): Promise<Readonly<Record<string, string>>> {
  const error: unknown = await read(changes).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(UserError);
  expect(error).toMatchObject({ code: "TREE_UNUSABLE" });
  return Object.fromEntries(
    (error as UserError).problems.map(({ path, message }) => [path, message]),
  );
}

describe("what is in a tree", () => {
  it("is every file by path, with hash, mode and content", async () => {
    await put("top.sls", "base:\n");
    await chmod(await put("bin/run me", "#!/bin/sh\n"), 0o700);
    await put(".hidden/ä'$x");
    const { entries } = await read();
    expect(entries.map(({ path, mode, size }) => [path, mode, size])).toEqual([
      [".hidden/ä'$x", "0644", 14],
      ["bin/run me", "0755", 10],
      ["top.sls", "0644", 6],
    ]);
    expect(entries[2]?.sha256).toBe(createHash("sha256").update("base:\n").digest("hex"));
    expect(Buffer.from((await entries[1]?.read()) ?? []).toString()).toBe("#!/bin/sh\n");
  });

  it("leaves version control at home", async () => {
    await put("a");
    await put(".git/config");
    await put("sub/.git", "gitdir: elsewhere\n");
    await put("sub/.svn/entries");
    await put(".gitignore");
    expect((await read()).entries.map(({ path }) => path)).toEqual([".gitignore", "a"]);
  });

  it("has rendered files laid over it", async () => {
    await put("pillar/web1.yaml", "by hand\n");
    await put("top.sls");
    const { entries } = await read({
      files: [
        { path: "pillar/web1.yaml", content: "rendered\n", mode: "600" },
        { path: "new", content: "" },
      ],
    });
    expect(entries.map(({ path, mode }) => [path, mode])).toEqual([
      ["new", "0644"],
      ["pillar/web1.yaml", "0600"],
      ["top.sls", "0644"],
    ]);
    expect(Buffer.from((await entries[1]?.read()) ?? []).toString()).toBe("rendered\n");
  });

  it("may be rendered files alone", async () => {
    const { local, ...rest } = tree({ files: [{ path: "a", content: "a" }] });
    expect(local).toBe(folder);
    expect((await readLocalTree(rest)).entries.map(({ path }) => path)).toEqual(["a"]);
  });

  it("follows links that stay inside", async () => {
    await put("real/file", "x");
    await symlink("real", join(folder, "other"));
    await symlink("real/file", join(folder, "link"));
    expect((await read()).entries.map(({ path }) => path)).toEqual([
      "link",
      "other/file",
      "real/file",
    ]);
  });
});

describe("modes for secrets", () => {
  it("go by pattern, the last one that fits, and no dot hides from them", async () => {
    await put("pillar/a.sls");
    await put("pillar/.vault.sls");
    await put("pillar/.keys/.id");
    await put("pillar/open/b.sls");
    await put("top.sls");
    const { entries } = await read({
      modes: { "pillar/**": "0640", "pillar/open/*": "644" },
    });
    expect(Object.fromEntries(entries.map(({ path, mode }) => [path, mode]))).toEqual({
      "pillar/a.sls": "0640",
      "pillar/.vault.sls": "0640",
      "pillar/.keys/.id": "0640",
      "pillar/open/b.sls": "0644",
      "top.sls": "0644",
    });
  });
});

describe("the hash", () => {
  it("is the same for the same tree, and another for each difference", async () => {
    const file = await put("a", "1");
    await put("b", "2");
    const { hash } = await read();
    expect((await read()).hash).toBe(hash);
    const hashes = new Set([hash]);
    await writeFile(file, "3");
    hashes.add((await read()).hash);
    await chmod(file, 0o755);
    hashes.add((await read()).hash);
    await put("c", "");
    hashes.add((await read()).hash);
    expect(hashes.size).toBe(4);
  });
});

describe("what must not be there", () => {
  it("is named, all of it at once", async () => {
    const names = [
      "top.sls~",
      ".#top.sls",
      "#top.sls#",
      ".top.sls.swp",
      "a/.b.swo",
      "a/.b.swn",
      "a/.b.swa",
      "a/.b.swx",
      ".site.pp.kate-swp",
      "a/b.orig",
      "a/b.rej",
      "4913",
      ".DS_Store",
      "bell\u0007",
    ];
    for (const name of names) await put(name);
    await put("good");
    execFileSync("sh", ["-c", `mkfifo "$1"`, "sh", join(folder, "pipe")]);
    await symlink("/etc/hostname", join(folder, "out"));
    await symlink("..", join(folder, "up"));
    await symlink("nowhere", join(folder, "dangling"));
    await symlink(".", join(folder, "a", "self"));
    await symlink("..", join(folder, "a", "loop"));
    const problems = await problemsOf();
    expect(Object.keys(problems).toSorted()).toEqual(
      [
        ...names.slice(0, -1),
        "bell?",
        "pipe",
        "out",
        "up",
        "dangling",
        "a/self",
        "a/loop",
      ].toSorted(),
    );
    expect(problems["out"]).toContain("/etc/hostname");
    expect(problems["dangling"]).toContain("no such file");
    expect(problems["pipe"]).toContain("neither a file nor a folder");
  });

  it("stops at a name that only begins like one", async () => {
    await put("#comment");
    await put("4913.sls");
    await put("swp");
    await put("x.swphile");
    await put("film.swf");
    await put(".hidden.sls");
    expect((await read()).entries).toHaveLength(6);
  });

  it("is a folder that is not there", async () => {
    await expect(read({ local: join(folder, "none") })).rejects.toThrow(/no such file or folder/);
  });

  it("is more than a tree may hold", async () => {
    await truncate(await put("large"), 513 * 1024 * 1024);
    await expect(read()).rejects.toThrow("more than 512 MiB");
  });

  it("is a file that changes while it is sent", async () => {
    const file = await put("a", "1");
    const { entries } = await read();
    await writeFile(file, "2");
    await expect(entries[0]?.read()).rejects.toMatchObject({ code: "TREE_UNUSABLE" });
  });

  it.each(["/etc/passwd", "../up", "a//b", "", "a\nb"])(
    "is a rendered path like %j",
    async (path) => {
      await expect(read({ files: [{ path, content: "" }] })).rejects.toMatchObject({
        code: "INTERNAL",
      });
    },
  );
});
