import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it, onTestFinished, test } from "vitest";

import { byAgent } from "../../src/providers/local/by-agent.ts";
import { runCommand } from "../../src/providers/local/command.ts";
import {
  writeMachine,
  listMachines,
  readMachine,
} from "../../src/providers/local/machine-store.ts";
import { machineDirectory } from "../../src/providers/local/paths.ts";
import {
  isAlive,
  killMachineProcesses,
  readLiveMark,
} from "../../src/providers/local/processes.ts";
import { testProvider } from "../../src/testing/provider-suite.ts";
import { startLabServers, type Lab, waitForSsh } from "./lab-servers.ts";
import { killChild, makeLocalWorld, type LocalWorld } from "./local-world.ts";

const STACK = "lab";

/** The first bytes of the ssh server, or "" while none answers. */
async function readBanner(address: string): Promise<string> {
  return await new Promise((resolve) => {
    const socket = connect({ host: address, port: 22, timeout: 1000 });
    const done = (text: string): void => {
      socket.destroy();
      resolve(text);
    };
    socket.once("data", (data) => done(data.toString("latin1")));
    socket.once("error", () => done(""));
    socket.once("timeout", () => done(""));
  });
}

async function waitForBanner(address: string): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if ((await readBanner(address)).startsWith("SSH-2.0")) return;
    await sleep(100);
  }
  throw new Error(`${address}: no ssh server after 30 s`);
}

/** A world that must have left nothing when the test ends. */
async function makeWorld(): Promise<LocalWorld> {
  const world = await makeLocalWorld();
  onTestFinished(async () => {
    for (const { stack, server } of await world.provider.list(world.context(STACK))) {
      await world.provider.destroy(server, world.context(stack));
    }
    await world.provider.destroyShared?.(world.context(STACK));
    const traces = await world.traces();
    await world.remove();
    expect(traces).toEqual([]);
  });
  return world;
}

testProvider({
  name: "local",
  runner: { describe, it },
  timeoutMs: 120_000,
  notApplicable: {
    rateLimit: "nobody limits the calls to one's own computer",
    addressLate: "addresses are given out before the machine is made",
    secondMachine: "a machine is a directory of the server's name",
    acceptedAndLost: "nobody accepts here what another carries out",
    rateLimitWithoutTime: "nobody limits the calls to one's own computer",
    serverErrors: "there are no calls that others answer",
    quota: "there is no quota but the computer's own memory",
    credentialEnds: "nobody asks for a credential",
    wrongCredential: "nobody asks for a credential",
    keepIdentity: "the key is read in the server's own directory",
    ensureShared: "servers have no firewall before them",
    leftovers: "all that is made for a server lies in its directory",
  },
  create: async () => {
    const world = await makeLocalWorld();
    return {
      provider: world.provider,
      stack: STACK,
      servers: ["web", "db"],
      request: { image: "debian-12" },
      leftovers: async () => await world.traces(),
      close: async () => await world.remove(),
      putForeign: async (server) => {
        const directory = machineDirectory(world.paths, STACK, server);
        await mkdir(directory, { recursive: true });
        await writeFile(join(directory, "precious"), "not ours");
        return async () => {
          expect(await readFile(join(directory, "precious"), "utf8")).toBe("not ours");
          await rm(directory, { recursive: true });
        };
      },
      faults: {
        answerLost: async (request, context) => {
          const child = world.ensureInChild(context.stack, request);
          for (let tries = 0; tries < 3000; tries += 1) {
            const record = await readMachine(world.paths, context.stack, request.server).catch(
              () => undefined,
            );
            if (record !== undefined) break;
            await sleep(5);
          }
          await killChild(child);
          expect(await listMachines(world.paths)).toHaveLength(1);
        },
        createFailsHalfWay: async (request, context) => {
          await world.provider.ensure(request, context);
          const record = await readMachine(world.paths, context.stack, request.server);
          if (record === undefined) throw new Error("no record");
          // What a kill between the record and the disk leaves.
          await killMachineProcesses(record.uuid);
          const directory = machineDirectory(world.paths, context.stack, request.server);
          for (const name of await readdir(directory)) {
            if (name !== "machine.json") await rm(join(directory, name), { recursive: true });
          }
          await writeMachine(world.paths, { ...record, state: "making", hostKey: "" });
        },
        errorState: async (request) => {
          const image = await mkdtemp(join(tmpdir(), "broken-image-"));
          await mkdir(join(image, "usr/lib"), { recursive: true });
          await mkdir(join(image, "sbin"));
          await mkdir(join(image, "etc"));
          await writeFile(join(image, "etc/os-release"), "ID=broken\n");
          await writeFile(join(image, "sbin/init"), "no program\n", { mode: 0o755 });
          onTestFinished(async () => await rm(image, { recursive: true, force: true }));
          return { ...request, image };
        },
      },
    };
  },
});

describe("servers of the local provider", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLabServers({
      name: "lp",
      servers: [
        { name: "thirteen", image: "debian-13", size: "small" },
        { name: "twelve", image: "debian-12", size: "large" },
        { name: "eleven", image: "debian-11", size: "unlimited" },
      ],
    });
  });
  afterAll(async () => await lab?.stop());

  for (const [name, version] of [
    ["thirteen", "13"],
    ["twelve", "12"],
    ["eleven", "11"],
  ] as const) {
    test(`Debian ${version}: systemd runs, nothing failed, and it is what it should be`, async () => {
      const state = await lab.ssh(
        name,
        "systemctl is-system-running --wait; systemctl --failed --no-legend",
      );
      expect(state.stdout).toBe("running\n");
      const facts = await lab.ssh(
        name,
        ". /etc/os-release; echo $ID $VERSION_ID; hostname; cat /etc/machine-id",
      );
      expect(facts.stdout).toMatch(new RegExp(`^debian ${version}\\n${name}\\n[0-9a-f]{32}\\n$`));
      expect((await lab.ssh(name, "ls /etc/ssh/ssh_host_*")).stdout).toBe(
        "/etc/ssh/ssh_host_ed25519_key\n/etc/ssh/ssh_host_ed25519_key.pub\n",
      );
    });
  }

  test("names resolve and packages can be fetched", async () => {
    const update = await lab.ssh("twelve", "apt-get update 2>&1 && apt-get -s install tree", {
      timeoutMs: 120_000,
    });
    expect(update.stdout).toContain("Inst tree");
    expect(update.status).toBe(0);
  });

  test("members reach each other by IPv4 and IPv6; network settings and firewall are each server's own", async () => {
    const own = await lab.ssh(
      "eleven",
      "ip -6 -o addr show dev host0 scope global | awk '{print $4}'",
    );
    const address6 = own.stdout.trim().split("/")[0] ?? "";
    expect(address6).toMatch(/^fd/);
    expect((await lab.ssh("twelve", `ping -c1 -W2 ${lab.server("eleven").address}`)).status).toBe(
      0,
    );
    expect((await lab.ssh("twelve", `ping -6 -c1 -W2 ${address6}`)).status).toBe(0);
    expect(
      (
        await lab.ssh(
          "twelve",
          "sysctl -w net.ipv4.conf.all.rp_filter=1 && nft add table inet mine",
        )
      ).status,
    ).toBe(0);
    expect((await lab.ssh("eleven", "nft list tables")).stdout).not.toContain("mine");
  });

  test("units of one server are in no group of another's", async () => {
    const groups = await Promise.all(
      lab.servers.map(async ({ machine }) => {
        const record = await readFile(
          `/var/lib/bootmachine/local/machines/${lab.stack}/${machine.server}/leader`,
          "utf8",
        );
        return await readFile(`/proc/${record.split(" ")[0]}/cgroup`, "utf8");
      }),
    );
    for (const [index, text] of groups.entries()) {
      expect(text).toContain(`/${lab.servers[index]?.machine.id}/`);
    }
  });

  for (const how of ["soft", "hard"] as const) {
    test(`a ${how} reboot starts process 1 anew, and the disk stays`, async () => {
      const { machine } = lab.server("twelve");
      const start = "cut -d' ' -f22 /proc/1/stat";
      await lab.ssh("twelve", `echo ${how} >/root/kept`);
      const before = (await lab.ssh("twelve", start)).stdout;
      await lab.provider.reboot(machine, how, lab.context);
      let after = before;
      for (let tries = 0; tries < 300 && (after === before || after === ""); tries += 1) {
        await sleep(100);
        after = (await lab.ssh("twelve", start)).stdout;
      }
      expect(after).not.toBe(before);
      expect((await lab.ssh("twelve", "cat /root/kept")).stdout).toBe(`${how}\n`);
    });
  }

  test("a reboot from inside works as well, and the console tells of it", async () => {
    const { machine } = lab.server("thirteen");
    const before = (await lab.provider.console(machine, lab.context)).length;
    await lab.ssh("thirteen", "systemctl reboot");
    await expect
      .poll(async () => (await lab.provider.console(machine, lab.context)).slice(before), {
        timeout: 60_000,
      })
      .toContain("the server starts again");
    await waitForSsh(lab, "thirteen");
  });
});

describe("the local provider and crashes", () => {
  test("killed at any moment of ensure, the next ensure finishes with one machine", async () => {
    const world = await makeWorld();
    await world.provider.ensure(world.request("warm"), world.context(STACK));
    for (let round = 0; round < 8; round += 1) {
      const child = world.ensureInChild(STACK, world.request("web"));
      await sleep(150 + Math.random() * 700);
      await killChild(child);
      const machine = await world.provider.ensure(world.request("web"), world.context(STACK));
      expect(machine.status).toBe("running");
      const all = await world.provider.observe(world.context(STACK));
      expect(all.filter((entry) => entry.server === "web")).toHaveLength(1);
      expect(new Set(all.map((entry) => entry.publicAddresses[0])).size).toBe(2);
      await waitForBanner(machine.publicAddresses[0] ?? "");
      await world.provider.destroy("web", world.context(STACK));
    }
  });

  test("killed at any moment of ensure, destroy leaves nothing", async () => {
    for (let round = 0; round < 5; round += 1) {
      const world = await makeWorld();
      const child = world.ensureInChild(STACK, world.request("web"));
      await sleep(150 + Math.random() * 700);
      await killChild(child);
      await world.provider.destroy("web", world.context(STACK));
      await world.provider.destroyShared?.(world.context(STACK));
      expect(await world.traces()).toEqual([]);
    }
  });

  test("after the computer's reboot servers are stopped; ensure starts them with address, key and disk", async () => {
    const world = await makeWorld();
    const context = world.context(STACK);
    const before = await world.provider.ensure(world.request("web"), context);
    const identity = await world.provider.identity(before, context);
    const record = await readMachine(world.paths, STACK, "web");
    await waitForBanner(before.publicAddresses[0] ?? "");
    const kept = join(machineDirectory(world.paths, STACK, "web"), "upper/root/kept");
    await writeFile(kept, "still here");

    await killMachineProcesses(record?.uuid ?? "");
    await runCommand(["ip", "link", "delete", world.paths.bridge]);
    await runCommand(["nft", "delete", "table", "inet", world.paths.nftTable]);

    expect((await world.provider.observe(context))[0]?.status).toBe("stopped");
    const after = await world.provider.ensure(world.request("web"), context);
    expect(after.publicAddresses).toEqual(before.publicAddresses);
    expect(await world.provider.identity(after, context)).toEqual(identity);
    await waitForBanner(after.publicAddresses[0] ?? "");
    expect(await readFile(kept, "utf8")).toBe("still here");
  });

  test("a server that lost its supervisor gets no twin on the same disk", async () => {
    const world = await makeWorld();
    const context = world.context(STACK);
    await world.provider.ensure(world.request("web"), context);
    const directory = machineDirectory(world.paths, STACK, "web");
    const leader = await readLiveMark(join(directory, "leader"));
    const supervisor = await readLiveMark(join(directory, "supervisor"));
    if (leader === undefined || supervisor === undefined) throw new Error("it does not run");
    const status = await readFile(`/proc/${leader.pid}/status`, "utf8");
    const nspawn = Number(/^PPid:\s*([0-9]+)/m.exec(status)?.[1]);
    process.kill(supervisor.pid, "SIGKILL");
    process.kill(nspawn, "SIGKILL");
    await sleep(300);
    const machine = await world.provider.ensure(world.request("web"), context);
    expect(machine.status).toBe("running");
    const now = await readLiveMark(join(directory, "leader"));
    expect(now?.pid).not.toBe(leader.pid);
    expect(await isAlive(leader)).toBe(false);
    await waitForBanner(machine.publicAddresses[0] ?? "");
  });

  test("two processes at once make one machine and take turns", async () => {
    const world = await makeWorld();
    const children = [1, 2, 3].map(() => world.ensureInChild(STACK, world.request("web")));
    const exits = await Promise.all(
      children.map(async (child) => (await once(child, "exit"))[0] as number),
    );
    expect(exits).toEqual([0, 0, 0]);
    expect(await world.provider.observe(world.context(STACK))).toHaveLength(1);
  });
});

describe("two state directories on one computer", () => {
  test("take different networks, and the last destroy of one leaves the other its way out", async () => {
    const [one, other] = [await makeWorld(), await makeWorld()];
    const [context, otherContext] = [one.context(STACK), other.context(STACK)];
    const [machine, otherMachine] = await Promise.all([
      one.provider.ensure(one.request("web"), context),
      other.provider.ensure(other.request("web"), otherContext),
    ]);
    expect(machine.publicAddresses[0]).not.toBe(otherMachine.publicAddresses[0]);
    await one.provider.destroy("web", context);
    await one.provider.destroyShared?.(context);
    expect(await readFile("/proc/sys/net/ipv4/ip_forward", "utf8")).toBe("1\n");
    await waitForBanner(otherMachine.publicAddresses[0] ?? "");
  });
});

describe("without being root", () => {
  test("a helper process does the work; its progress, errors and aborts come through", async () => {
    const world = await makeWorld();
    const address = new URL("../../src/providers/local/local.ts", import.meta.url).href;
    // `env` in the place of `sudo -n`: the tests are root already.
    const provider = byAgent(world.provider, world.options, ["env"], address);
    const told: string[] = [];
    const context = { ...world.context(STACK), progress: (text: string) => told.push(text) };
    const machine = await provider.ensure(world.request("web"), context);
    expect(told).toContain("starting");
    expect(await provider.observe(context)).toEqual(await world.provider.observe(context));
    expect(await provider.identity(machine, context)).toEqual(
      await world.provider.identity(machine, context),
    );
    const wrong = provider.ensure(world.request("db", { image: "debian-1" }), context);
    await expect(wrong).rejects.toMatchObject({ code: "IMAGE_UNKNOWN", server: "db" });
    const cut = new AbortController();
    const aborted = provider.ensure(world.request("db"), { ...context, signal: cut.signal });
    setTimeout(() => cut.abort(), 10);
    await expect(aborted).rejects.toMatchObject({ code: "CANCELLED" });
    expect(await provider.destroy("web", context)).toEqual({ existed: true });
    await provider.destroy("db", context);
  });
});

describe("images", () => {
  test("a root file system as a tarball is unpacked once and boots", async () => {
    const world = await makeWorld();
    const context = world.context(STACK);
    const built = await world.provider.ensure(world.request("from-name"), context);
    const rootfs = (await readMachine(world.paths, STACK, built.server))?.imageDirectory ?? "";
    const tarball = join(dirname(world.paths.state), "image.tar.gz");
    onTestFinished(async () => await rm(tarball, { force: true }));
    await runCommand(
      [
        "tar",
        "--create",
        "--use-compress-program=gzip -1",
        // A third of it, and of no use to a server.
        "--exclude=./var/lib/apt/lists/*",
        "--exclude=./var/cache/apt/*.bin",
        "--directory",
        rootfs,
        "--file",
        tarball,
        ".",
      ],
      {
        timeoutMs: 240_000,
      },
    );
    const [one, two] = await Promise.all([
      world.provider.ensure(world.request("one", { image: tarball }), context),
      world.provider.ensure(world.request("two", { image: tarball }), context),
    ]);
    await waitForBanner(one.publicAddresses[0] ?? "");
    await waitForBanner(two.publicAddresses[0] ?? "");
    const first = await readMachine(world.paths, STACK, "one");
    expect((await readMachine(world.paths, STACK, "two"))?.imageDirectory).toBe(
      first?.imageDirectory,
    );
    await rm(tarball);
    await rm(dirname(first?.imageDirectory ?? "/nowhere"), { recursive: true });
  });

  test("a killed build is taken for no image, and removeCache leaves no file, mount and process", async () => {
    const world = await makeLocalWorld();
    const cacheDirectory = join(dirname(world.paths.state), "cache");
    const own = await makeLocalWorld({ cacheDirectory });
    const child = own.ensureInChild(STACK, own.request("web"));
    const images = join(cacheDirectory, "images");
    // Killed once it has mounted something: at its beginning there is little that could stay behind.
    await expect
      .poll(async () => await mountsOfOthers(images), { timeout: 60_000 })
      .not.toEqual([]);
    expect(await mountsSeen("self", images)).toEqual([]);
    const [building = ""] = (await readdir(images)).filter((name) => name.startsWith(".building-"));
    expect(await readdir(join(images, building, "scratch"))).not.toEqual([]);
    await killChild(child);
    // What an earlier version's build left where every process sees it.
    await runCommand(["mount", "--types=tmpfs", "left", join(images, building, "rootfs")]);
    const notes = (await own.provider.images(own.context(STACK))).map((image) => image.note);
    expect(notes).toEqual(["not built yet", "not built yet", "not built yet"]);
    expect(await own.provider.removeCache(own.context(STACK))).toEqual([]);
    expect(await mountsSeen("self", images)).toEqual([]);
    expect(await mountsOfOthers(images)).toEqual([]);
    expect(await world.traces()).toEqual([]);
    expect(await own.traces()).toEqual([]);
    await world.remove();
    await own.remove();
  });
});

/** The mounts below a directory as one process sees them. */
async function mountsSeen(pid: string, directory: string): Promise<readonly string[]> {
  const table = await readFile(`/proc/${pid}/mounts`, "utf8").catch(() => "");
  return table.split("\n").filter((line) => (line.split(" ")[1] ?? "").startsWith(`${directory}/`));
}

async function mountsOfOthers(directory: string): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^[0-9]+$/.test(name));
  return (await Promise.all(pids.map((pid) => mountsSeen(pid, directory)))).flat();
}
