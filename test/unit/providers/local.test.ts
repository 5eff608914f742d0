import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { UserError } from "../../../src/errors/error.ts";
import { limitsNote, makeCgroups, readCgroupLayout } from "../../../src/providers/local/cgroups.ts";
import { cloudInitSeed } from "../../../src/providers/local/cloud-init-seed.ts";
import { runCommand } from "../../../src/providers/local/command.ts";
import { imagePackages } from "../../../src/providers/local/image-recipe.ts";
import {
  hasNeededSettings,
  raiseSettings,
  restoreSettings,
} from "../../../src/providers/local/kernel-settings.ts";
import { local } from "../../../src/providers/local/local.ts";
import { withLock } from "../../../src/providers/local/lock.ts";
import { localOptionsSchema } from "../../../src/providers/local/options.ts";
import { localPaths, machineId } from "../../../src/providers/local/paths.ts";
import {
  judgePrerequisites,
  type Surroundings,
} from "../../../src/providers/local/prerequisites.ts";
import { parseResolver, readResolver } from "../../../src/providers/local/resolver.ts";
import { HAND_DOWN_LIMIT } from "../../../src/providers/local/supervisor-script.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "local-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe("an image that is given by its path", () => {
  test("has to be there before a machine is made of it, and not for what runs already", async () => {
    const provider = local({ stateDirectory: join(directory, "state") });
    const image = join(directory, "image.tar");
    const wish = { server: "web1", roles: [], image };
    expect(provider.check(wish)).toEqual([]);
    // Asked before machines are made; where nobody is root the answer may be a refusal.
    const context = { stack: "s", signal: AbortSignal.timeout(10_000), progress: () => undefined };
    await provider.images(context).catch(() => undefined);
    expect(provider.check(wish)).toEqual([
      { about: "image", message: `the image ${image} does not exist on this computer` },
    ]);
    await writeFile(image, "");
    expect(provider.check(wish)).toEqual([]);
    expect(provider.check({ ...wish, image: "debian-13" })).toEqual([]);
  });
});

describe("options", () => {
  test("wrong ones are told together, each with its path", () => {
    try {
      local({ network: "10.88.0.0", buildTimeoutMs: 1, stateDirectory: "relative" });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      expect((error as UserError).code).toBe("CONFIG_INVALID");
      expect((error as UserError).problems.map((problem) => problem.path).toSorted()).toEqual([
        "provider.buildTimeoutMs",
        "provider.network",
        "provider.stateDirectory",
      ]);
    }
  });

  test("names fit into the kernel's 15 characters, and differ between state directories", () => {
    const one = localOptionsSchema.parse({});
    const two = localOptionsSchema.parse({ stateDirectory: "/srv/other" });
    for (const settings of [one, two]) {
      expect(localPaths(settings).bridge.length).toBeLessThanOrEqual(15);
      expect(`vb-${machineId(settings, "s".repeat(40), "w".repeat(60))}`).toHaveLength(15);
    }
    expect(localPaths(one).bridge).not.toBe(localPaths(two).bridge);
    expect(machineId(one, "s", "w")).not.toBe(machineId(two, "s", "w"));
    expect(machineId(one, "a-b", "c")).not.toBe(machineId(one, "a", "b-c"));
  });
});

describe("user data", () => {
  const record = { server: "web1", uuid: "0d8b5d5e4a1c4a579d5c1a2b3c4d5e6f" };

  test("stands in a seed that root alone reads, beside settings that keep the host key", () => {
    const files = cloudInitSeed(record, "#cloud-config\npassword: secret\n");
    const byName = new Map(files.map((file) => [file.path.split("/").at(-1), file]));
    expect(byName.get("user-data")).toMatchObject({
      content: "#cloud-config\npassword: secret\n",
      mode: 0o600,
    });
    expect(JSON.parse(byName.get("meta-data")?.content ?? "")).toEqual({
      "instance-id": record.uuid,
      "local-hostname": "web1",
    });
    expect(byName.get("95-bootmachine-local.cfg")?.content).toContain("ssh_deletekeys: false");
  });

  test("brings cloud-init into the images; without it they stay as they were", () => {
    const plain = imagePackages({ packages: ["vim"] });
    expect(plain).toContain("vim");
    expect(plain).not.toContain("cloud-init");
    expect(imagePackages({ packages: ["vim"], userData: "#cloud-config\n" })).toEqual([
      ...plain,
      "cloud-init",
    ]);
  });
});

describe("what the computer must have", () => {
  const all: Surroundings = {
    platform: "linux",
    isRoot: true,
    canSudo: false,
    missingCommands: [],
    hasKeyring: true,
    hasApt: true,
    hasOverlay: true,
  };

  test("nothing is missing, nothing is installed", () => {
    expect(judgePrerequisites(all)).toEqual({ missing: [], packages: [] });
  });

  test("another system, and no root: one sentence that says what works there", () => {
    for (const found of [
      { ...all, platform: "darwin" },
      { ...all, isRoot: false },
    ]) {
      const { missing, packages } = judgePrerequisites(found);
      expect(missing).toHaveLength(1);
      expect(missing[0]).toContain("`existing` provider works here");
      expect(packages).toEqual([]);
    }
    expect(judgePrerequisites({ ...all, isRoot: false, canSudo: true }).missing).toEqual([]);
  });

  test("packages are named once, in order, by what is missing", () => {
    const found = {
      ...all,
      missingCommands: ["ssh", "ssh-keygen", "systemd-nspawn"],
      hasKeyring: false,
    };
    expect(judgePrerequisites(found).packages).toEqual([
      "debian-archive-keyring",
      "openssh-client",
      "systemd-container",
    ]);
  });

  test("without apt the commands are named", () => {
    const { missing, packages } = judgePrerequisites({
      ...all,
      missingCommands: ["mmdebstrap"],
      hasApt: false,
    });
    expect(missing[0]).toContain("mmdebstrap");
    expect(packages).toEqual([]);
  });
});

describe("resolvers", () => {
  test("loopback is of no use inside a server", () => {
    expect(
      parseResolver("nameserver 127.0.0.53\nnameserver ::1\noptions edns0\nsearch a b\n"),
    ).toEqual({ nameservers: [], search: ["a", "b"] });
  });

  test("behind a stub, the stub's own upstream is taken", async () => {
    const stub = join(directory, "stub");
    const upstream = join(directory, "upstream");
    await writeFile(stub, "nameserver 127.0.0.53\n");
    await writeFile(upstream, "nameserver 192.0.2.53\nnameserver 2001:db8::53\n");
    expect((await readResolver([stub, join(directory, "absent"), upstream])).nameservers).toEqual([
      "192.0.2.53",
      "2001:db8::53",
    ]);
  });
});

describe("kernel settings", () => {
  test("too low ones are raised and put back, higher ones and foreign changes stay", async () => {
    const low = join(directory, "low");
    const high = join(directory, "high");
    const changed = join(directory, "changed");
    await writeFile(low, "128\n");
    await writeFile(high, "9999\n");
    await writeFile(changed, "1\n");
    const settings = [low, high, changed, join(directory, "absent")].map((file) => ({
      file,
      minimum: 8192,
    }));
    const formerFile = join(directory, "former", "settings.json");
    expect(await hasNeededSettings(settings)).toBe(false);
    await raiseSettings(settings, formerFile);
    expect(await hasNeededSettings(settings)).toBe(true);
    expect(JSON.parse(await readFile(formerFile, "utf8"))).toEqual({ [low]: 128, [changed]: 1 });
    expect(await readFile(low, "utf8")).toBe("8192");
    expect(await readFile(high, "utf8")).toBe("9999\n");
    await writeFile(changed, "20000");
    // A second state directory finds nothing to raise, and what was noted stays.
    await raiseSettings(settings, formerFile);
    await restoreSettings(settings, formerFile);
    expect(await readFile(low, "utf8")).toBe("128");
    expect(await readFile(changed, "utf8")).toBe("20000");
    await expect(readFile(formerFile)).rejects.toThrow("ENOENT");
  });
});

describe("control groups", () => {
  const small = { name: "small", cpus: 1, memoryMb: 512 };

  test("version 2: limits of memory and processors", async () => {
    await writeFile(join(directory, "cgroup.controllers"), "cpu memory pids\n");
    const server = join(directory, "ours", "bm1");
    await mkdir(server, { recursive: true });
    await writeFile(join(server, "memory.max"), "max");
    await writeFile(join(server, "cpu.max"), "max 100000");
    const layout = await readCgroupLayout(directory);
    expect(await makeCgroups(layout, "ours", "bm1", small)).toEqual([server]);
    expect(await readFile(join(server, "memory.max"), "utf8")).toBe(String(512 * 1024 * 1024));
    expect(await readFile(join(server, "cpu.max"), "utf8")).toBe("100000 100000");
    expect(limitsNote(layout)).toBeUndefined();
  });

  test.each([
    ["its own", "bm1", "536870912"],
    ["that of the unit above it", "", "536870912"],
    ["none", "bm1", "max"],
  ])("version 2: the server is shown the limit of its group: %s", async (_, place, limit) => {
    const group = join(directory, "bm1");
    await mkdir(join(group, "payload"), { recursive: true });
    await writeFile(join(directory, place, "memory.max"), `${limit}\n`);
    const shown = join(group, "payload", "memory.max");
    await writeFile(shown, "max\n");
    const script = `set -u; nspawn=$$; ${HAND_DOWN_LIMIT}hand_down_limit`;
    const { status, stderr } = spawnSync("sh", ["-c", script], {
      env: { PATH: process.env["PATH"], BM_CGROUPS: group },
      encoding: "utf8",
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(await readFile(shown, "utf8")).toBe(`${limit}\n`);
  });

  test("version 1: a place in each tree that is mounted; what is absent is said", async () => {
    for (const tree of ["systemd", "memory"]) {
      await mkdir(join(directory, tree, "ours", "bm1"), { recursive: true });
      await writeFile(join(directory, tree, "cgroup.procs"), "");
    }
    const limit = join(directory, "memory/ours/bm1/memory.limit_in_bytes");
    await writeFile(limit, "-1");
    const layout = await readCgroupLayout(directory);
    expect(await makeCgroups(layout, "ours", "bm1", small)).toHaveLength(2);
    expect(await readFile(limit, "utf8")).toBe(String(512 * 1024 * 1024));
    expect(limitsNote(layout)).toBe("not enforced here: cpu");
  });

  test("none at all", async () => {
    const layout = await readCgroupLayout(directory);
    expect(await makeCgroups(layout, "ours", "bm1", small)).toEqual([]);
    expect(limitsNote(layout)).toContain("not enforced");
  });
});

describe("the lock", () => {
  test("one at a time, also when the holder removes the file", async () => {
    const file = join(directory, "lock");
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setTimeout(resolve, 5));
      await rm(file, { force: true });
      inside -= 1;
    };
    await Promise.all(
      Array.from({ length: 6 }, async () => await withLock(file, { what: "it" }, work)),
    );
    expect(most).toBe(1);
  });

  test("waiting ends at the limit and at the signal, and another process counts", async () => {
    const file = join(directory, "lock");
    const script = `exec 9>>"$1"; flock 9; echo held; exec sleep 600`;
    const stop = new AbortController();
    let isHeld: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      isHeld = resolve;
    });
    const other = runCommand(["sh", "-c", script, "sh", file], {
      signal: stop.signal,
      onLine: () => isHeld(),
    }).catch(() => undefined);
    await held;
    let waited = false;
    const onWait = (): void => {
      waited = true;
    };
    await expect(
      withLock(file, { what: "it", timeoutMs: 1000, onWait }, async () => 1),
    ).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(waited).toBe(true);
    const giveUp = new AbortController();
    const { signal } = giveUp;
    await expect(
      withLock(file, { what: "it", signal, onWait: () => giveUp.abort() }, async () => 1),
    ).rejects.toMatchObject({ code: "CANCELLED" });
    stop.abort();
    await other;
    expect(await withLock(file, { what: "it" }, async () => 2)).toBe(2);
  });
});

describe("commands", () => {
  test("failure, limit and signal are told apart, and the whole group ends", async () => {
    await expect(runCommand(["sh", "-c", "echo why >&2; exit 3"])).rejects.toMatchObject({
      code: "PROVIDER_UNAVAILABLE",
      message: expect.stringContaining("status 3: why") as string,
    });
    await expect(runCommand(["no-such-program-here"])).rejects.toMatchObject({
      code: "PROVIDER_UNAVAILABLE",
    });
    await expect(
      runCommand(["sh", "-c", "sleep 60 & sleep 60"], { timeoutMs: 100 }),
    ).rejects.toMatchObject({ code: "TIMEOUT" });
    await expect(
      runCommand(["sleep", "60"], { signal: AbortSignal.timeout(50) }),
    ).rejects.toMatchObject({ code: "CANCELLED" });
  });
});
