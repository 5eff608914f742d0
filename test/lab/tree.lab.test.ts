import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Tree } from "../../src/configurators/contract.ts";
import type { Host } from "../../src/host/host.ts";
import { openHost } from "../../src/host/open-host.ts";
import { readLocalTree } from "../../src/host/tree/local-tree.ts";
import { syncTree, type TreeChanges } from "../../src/host/tree/sync-tree.ts";
import { ReachedServers } from "./reached-servers.ts";
import { tested } from "./tested.ts";

tested({
  what: "trees of yours on a server",
  how: "real",
  on: ["Debian 11", "Debian 12", "Debian 13"],
});

const IMAGES = { old1: "debian-11", web1: "debian-12", db1: "debian-13" };

let servers: ReachedServers;
const folders: string[] = [];
beforeAll(async () => {
  servers = await ReachedServers.boot("bmtree", IMAGES);
});
afterAll(async () => {
  await servers.destroy();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

const signal = new AbortController().signal;

/** A folder of the user's, and the place that it has on the host. */
class Folder {
  readonly #path: string;
  readonly tree: Tree;
  readonly steps: string[] = [];

  private constructor(path: string, tree: Tree) {
    this.#path = path;
    this.tree = tree;
  }

  static async make(name: string, changes: Partial<Tree> = {}): Promise<Folder> {
    const path = await mkdtemp(join(tmpdir(), "bm-tree-"));
    folders.push(path);
    return new Folder(path, {
      name: "states",
      local: path,
      remote: `/srv/${name}/states`,
      on: "master",
      ...changes,
    });
  }

  async put(path: string, content: string, mode = 0o644): Promise<void> {
    await mkdir(dirname(join(this.#path, path)), { recursive: true });
    await rm(join(this.#path, path), { force: true });
    await writeFile(join(this.#path, path), content, { mode });
  }

  async drop(path: string): Promise<void> {
    await rm(join(this.#path, path), { recursive: true });
  }

  async sync(host: Host): Promise<TreeChanges> {
    return syncTree(host, this.tree, await readLocalTree(this.tree), {
      signal,
      timeoutMs: 60_000,
      onStep: (text) => this.steps.push(text),
    });
  }
}

/** `MODE OWNER:GROUP PATH` of every file, and its content. */
async function listing(host: Host, folder: string): Promise<readonly string[]> {
  const { stdout } = await host.run(
    `cd ${folder}/ && find . -type f -printf '%m %u:%g %P = ' -exec cat {} \\; -printf '\\n'`,
  );
  return stdout.split("\n").filter(Boolean).toSorted();
}

const out = async (host: Host, script: string): Promise<string> =>
  (await host.run(script)).stdout.trim();

describe.each(Object.entries(IMAGES))("%s, %s", (server) => {
  let host: Host;
  beforeAll(async () => {
    host = await openHost(servers.transport, servers.target(server), servers.options(server));
  });
  afterAll(() => host.close());

  test("a tree comes, stays, and follows every change", async () => {
    const folder = await Folder.make("follow");
    const { remote } = folder.tree;
    await folder.put("top.sls", "base");
    await folder.put("web/init.sls", "web");
    await folder.put("web/files/a", "a");
    await folder.put("run.sh", "run", 0o755);
    expect(await folder.sync(host)).toEqual({
      changed: ["run.sh", "top.sls", "web/files/a", "web/init.sls"],
      removed: [],
    });
    expect(await listing(host, remote)).toEqual([
      "644 root:root top.sls = base",
      "644 root:root web/files/a = a",
      "644 root:root web/init.sls = web",
      "755 root:root run.sh = run",
    ]);
    expect(await out(host, `find ${remote}/ -type d -exec stat -c %a {} + | sort -u`)).toBe("755");

    // Nothing to do: the folder is the same one, and nothing was sent.
    const before = await out(host, `readlink ${remote}; stat -c %Z ${remote}/top.sls`);
    folder.steps.length = 0;
    expect(await folder.sync(host)).toEqual({ changed: [], removed: [] });
    expect(await out(host, `readlink ${remote}; stat -c %Z ${remote}/top.sls`)).toBe(before);
    expect(folder.steps).toEqual([]);

    // A file changed, one gone, a bit set, a file where a folder was and a folder where a file was.
    await folder.put("top.sls", "base: changed");
    await folder.put("web/init.sls", "web", 0o755);
    await folder.drop("web/files");
    await folder.put("web/files", "now a file");
    await folder.drop("run.sh");
    await folder.put("run.sh/deep/x", "now a folder");
    expect(await folder.sync(host)).toEqual({
      changed: ["run.sh/deep/x", "top.sls", "web/files", "web/init.sls"],
      removed: ["run.sh", "web/files/a"],
    });
    expect(await listing(host, remote)).toEqual([
      "644 root:root run.sh/deep/x = now a folder",
      "644 root:root top.sls = base: changed",
      "644 root:root web/files = now a file",
      "755 root:root web/init.sls = web",
    ]);

    // The revision before is there for those who still read it, and no older one.
    await folder.put("top.sls", "third");
    await folder.sync(host);
    const revisions = await out(
      host,
      `ls -d /srv/follow/.states.bootmachine/* | grep -v '\\.done$' | wc -l`,
    );
    expect(revisions).toBe("2");
    expect(await out(host, "ls -A /srv/follow")).toBe(".states.bootmachine\nstates");
  });

  test("names that shells and tars stumble over arrive as they are", async () => {
    const folder = await Folder.make("names");
    const names = [
      "-rf",
      "--checkpoint=1",
      "a b",
      " lead",
      "it's",
      '"quoted"',
      "$(touch x)",
      "`x`",
      "back\\slash",
      "back\\nslash",
      "*",
      "ä/日本語",
      "=",
      "!",
      "%s",
      `${"d".repeat(120)}/${"f".repeat(200)}`,
      "[a]",
      "{{ jinja }}",
    ];
    for (const name of names) await folder.put(name, name);
    expect((await folder.sync(host)).changed).toHaveLength(names.length);
    expect(await folder.sync(host)).toEqual({ changed: [], removed: [] });
    // All but one are kept, which is another way through the scripts.
    await folder.put("one more", "1");
    expect(await folder.sync(host)).toEqual({ changed: ["one more"], removed: [] });
    const listed = await listing(host, folder.tree.remote);
    expect(listed).toEqual(
      [...names.map((name) => `644 root:root ${name} = ${name}`), "644 root:root one more = 1"]
        // By code unit, as the listing.
        .toSorted(),
    );
  });

  test("secrets have their mode and owner", async () => {
    const folder = await Folder.make("secrets", {
      modes: { "pillar/**": "0640" },
      owner: "nobody",
      group: "adm",
      files: [{ path: "pillar/rendered", content: "r", mode: "0600" }],
    });
    await folder.put("pillar/.vault", "v");
    await folder.put("top", "t");
    await folder.sync(host);
    expect(await listing(host, folder.tree.remote)).toEqual([
      "600 nobody:adm pillar/rendered = r",
      "640 nobody:adm pillar/.vault = v",
      "644 nobody:adm top = t",
    ]);
  });

  test("what somebody changes on the host is put back", async () => {
    const folder = await Folder.make("drift");
    await folder.put("a", "a");
    await folder.put("b", "b");
    await folder.put("c", "c");
    await folder.sync(host);
    const wanted = await listing(host, folder.tree.remote);
    await host.run(
      `cd ${folder.tree.remote}/ && echo x >a && touch -d @0 a && rm b && chmod 600 c && echo new >d && ln -s /etc/passwd e`,
    );
    expect(await folder.sync(host)).toEqual({ changed: ["a", "b", "c"], removed: ["d"] });
    expect(await listing(host, folder.tree.remote)).toEqual(wanted);
    expect(await out(host, `ls -A ${folder.tree.remote}/`)).toBe("a\nb\nc");
    await host.run(`chown nobody ${folder.tree.remote}/a`);
    expect(await folder.sync(host)).toEqual({ changed: [], removed: [] });
    expect(await listing(host, folder.tree.remote)).toEqual(wanted);
    expect(await folder.sync(host)).toEqual({ changed: [], removed: [] });
  });

  test("a folder that was there before is moved aside and kept", async () => {
    const folder = await Folder.make("foreign");
    await folder.put("a", "ours");
    await host.run(`mkdir -p ${folder.tree.remote} && echo theirs >${folder.tree.remote}/a`);
    await folder.sync(host);
    const aside = `${folder.tree.remote}.before-bootmachine`;
    expect(await out(host, `cat ${folder.tree.remote}/a ${aside}/a`)).toBe("ourstheirs");
    expect(folder.steps.at(-1)).toContain(`moved to ${aside}`);
    // A link of somebody else's, the second time.
    await host.run(`rm ${folder.tree.remote} && ln -s /etc ${folder.tree.remote}`);
    await folder.sync(host);
    expect(await out(host, `readlink ${aside}-2; cat ${folder.tree.remote}/a`)).toBe("/etc\nours");
  });

  test("an empty tree is an empty folder", async () => {
    const folder = await Folder.make("empty");
    await folder.put("a", "a");
    await folder.sync(host);
    await folder.drop("a");
    expect(await folder.sync(host)).toEqual({ changed: [], removed: ["a"] });
    expect(
      await out(host, `ls -A ${folder.tree.remote}/; [ -d ${folder.tree.remote}/ ] && echo folder`),
    ).toBe("folder");
    expect(await folder.sync(host)).toEqual({ changed: [], removed: [] });
  });

  describe("an upload that is cut off", () => {
    let folder: Folder;
    let number = 0;
    beforeEach(async () => {
      number += 1;
      folder = await Folder.make(`cut${number}`);
      await folder.put("a", "first");
      await folder.put("b", "first");
      await folder.sync(host);
      await folder.put("a", "second");
    });
    const store = (): string => `/srv/cut${number}/.states.bootmachine`;

    async function expectFirst(): Promise<void> {
      expect(await listing(host, folder.tree.remote)).toEqual([
        "644 root:root a = first",
        "644 root:root b = first",
      ]);
    }

    test("leaves the old revision in force, and the next one cleans up", async () => {
      const local = await readLocalTree(folder.tree);
      // The archive ends in the middle, as when the operator's computer goes away.
      const short: Host = {
        ...host,
        run: (script, options) =>
          host.run(script, {
            ...options,
            ...(options?.stdin instanceof Uint8Array
              ? { stdin: options.stdin.subarray(0, options.stdin.length - 9) }
              : {}),
          }),
      };
      await expect(
        syncTree(short, folder.tree, local, { signal, timeoutMs: 60_000 }),
      ).rejects.toMatchObject({ code: "COMMAND_FAILED" });
      await expectFirst();
      expect(await out(host, `ls ${store()} | grep incoming`)).toBe("");
      expect(await folder.sync(host)).toEqual({ changed: ["a"], removed: [] });
    });

    test("by a signal in the middle, too", async () => {
      // Large and not to be compressed: more than what lies in pipes and sockets.
      await folder.put(
        "large",
        Array.from({ length: 1_000_000 }, () => Math.random().toString(36).slice(2)).join(""),
      );
      const local = await readLocalTree(folder.tree);
      const abort = new AbortController();
      // It comes in two parts, so that there is a middle on a busy computer too.
      const slow: Host = {
        ...host,
        run: (script, options) =>
          host.run(
            options?.stdin instanceof Uint8Array
              ? `{ head -c 100000; sleep 5; cat; } | {\n${script}\n}`
              : script,
            options,
          ),
      };
      const sync = syncTree(slow, folder.tree, local, {
        signal: abort.signal,
        timeoutMs: 60_000,
        onStep: () => {
          void waitForIncoming().then(() => abort.abort());
        },
      });
      await expect(sync).rejects.toMatchObject({ code: "CANCELLED" });
      await expectFirst();
      await folder.drop("large");
      expect(await folder.sync(host)).toEqual({ changed: ["a"], removed: [] });
      expect(await out(host, `ls ${store()} | grep incoming`)).toBe("");
    });

    test("leaves remains where the host itself dies; they go even when nothing is to be sent", async () => {
      await host.run(`mkdir ${store()}/incoming-abc && echo half >${store()}/incoming-abc/x`);
      await folder.put("a", "first");
      expect(await folder.sync(host)).toEqual({ changed: [], removed: [] });
      expect(await out(host, `ls ${store()} | grep incoming`)).toBe("");
    });

    async function waitForIncoming(): Promise<void> {
      const looker = await openHost(
        servers.transport,
        servers.target(server),
        servers.options(server),
      );
      const until = Date.now() + 20_000;
      while (Date.now() < until && (await out(looker, `ls -d ${store()}/incoming-*`)) === "");
      await looker.close();
    }
  });

  test("what arrives other than it was sent never goes into force", async () => {
    const folder = await Folder.make("proof");
    await folder.put("a", "first");
    await folder.put("b", "kept");
    await folder.sync(host);
    await folder.put("a", "second");
    const local = await readLocalTree(folder.tree);
    const lying = {
      ...local,
      entries: local.entries.map((entry) =>
        entry.path === "a"
          ? { ...entry, read: () => Promise.resolve(Buffer.from("other!")) }
          : entry,
      ),
    };
    await expect(syncTree(host, folder.tree, lying, { signal, timeoutMs: 60_000 })).rejects.toThrow(
      /sha256sum|did NOT match|FAILED/,
    );
    expect(await out(host, `cat ${folder.tree.remote}/a`)).toBe("first");
  });
});
