import { randomBytes } from "node:crypto";
import { access, mkdir, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ProviderError, UserError } from "../../errors/error.ts";
import { parsePluginOptions } from "../../stack/plugin-options.ts";
import type { Machine, MachineRequest, ProviderContext } from "../contract.ts";
import { byAgent } from "./by-agent.ts";
import type { LocalProvider } from "./local-provider.ts";
import type { DebianSources } from "./apt-sources.ts";
import { limitsNote, readCgroupLayout, removeCgroups, removeParentCgroup } from "./cgroups.ts";
import { runCommand } from "./command.ts";
import { chooseSources, imageStore } from "./image-store.ts";
import { withLock } from "./lock.ts";
import {
  addMachine,
  discardMachine,
  listMachines,
  listRemains,
  readMachine,
  writeMachine,
  type MachineRecord,
} from "./machine-store.ts";
import { ensureNetwork, hasIpv6, readNetwork, removeNetwork } from "./network.ts";
import { allocateAddress, ipv6For } from "./network-plan.ts";
import { localOptionsSchema, type LocalOptions } from "./options.ts";
import { localPaths, machineDirectory, machineId } from "./paths.ts";
import { readPrerequisites, requirePrerequisites } from "./prerequisites.ts";
import { aptCacheFiles, ensurePackageCache, removePackageCache } from "./package-cache-process.ts";
import { killMachineProcesses } from "./processes.ts";
import { readResolver } from "./resolver.ts";
import { makeHostKey, writeResolver, writeServerFiles } from "./server-files.ts";
import { LOCAL_SIZES } from "./sizes.ts";
import {
  readConsole,
  readRunState,
  rebootServer,
  startServer,
  waitUntilStarted,
} from "./supervisor.ts";
import { checkWishes, imageNameOf, sizeNameOf } from "./wishes.ts";

/**
 * Servers on this computer, by systemd-nspawn: real systemd, real ssh, a real network of their own.
 *
 * Images are `debian-13` (default), `debian-12`, `debian-11`, built once from this computer's apt sources, or the
 * absolute path of a root file system: a folder, or a tarball (.tar, .tar.gz, .tar.xz, .tar.zst). Sizes are `small`,
 * `medium` (default), `large`, `unlimited`. Changing either of a server replaces nothing: destroy it first.
 *
 * Servers outlive the program that started them. After a reboot of this computer they are `stopped`; the next
 * `ensure` starts them with the same disk, key and address.
 *
 * It needs root: as another user, the work is done by a helper process by way of `sudo -n`.
 *
 * They share the kernel and are no wall against hostile code.
 *
 * @throws UserError CONFIG_INVALID for options that break the schema.
 */
export function local(options: LocalOptions = {}): LocalProvider {
  const settings = parsePluginOptions("provider", "local", localOptionsSchema, options);
  const paths = localPaths(settings);
  const images = imageStore(settings, paths);
  let isReady = false;

  const locked = async <T>(context: ProviderContext, work: () => Promise<T>): Promise<T> => {
    const lock = {
      what: "The list of local servers, which another run changes,",
      signal: context.signal,
      onWait: () => context.progress("waiting for another run that works on local servers"),
    };
    return await withLock(paths.lock, lock, work);
  };

  const directoryOf = (record: MachineRecord): string =>
    machineDirectory(paths, record.stack, record.server);

  async function toMachine(record: MachineRecord): Promise<Machine> {
    const [state, isDual] = await Promise.all([
      readRunState(directoryOf(record)),
      hasIpv6(paths.bridge),
    ]);
    const addresses = isDual ? [record.address, record.address6] : [record.address];
    const base = {
      id: record.id,
      stack: record.stack,
      server: record.server,
      publicAddresses: addresses,
      privateAddresses: addresses,
      login: { user: "root", port: 22 },
      image: record.image,
      size: record.size,
      createdAt: record.createdAt,
    };
    if (record.state === "destroying")
      return { ...base, status: "stopped", detail: "half destroyed" };
    if (record.state === "making")
      return { ...base, status: "creating", detail: "its making was interrupted" };
    if (state.kind === "failed") return { ...base, status: "failed", detail: state.detail };
    return { ...base, status: state.kind };
  }

  /** The record that must be there for calls that are given a machine. */
  async function require(machine: Machine): Promise<MachineRecord> {
    const record = await readMachine(paths, machine.stack, machine.server);
    if (record !== undefined && record.id === machine.id) return record;
    throw new ProviderError(
      "PROVIDER_NOT_FOUND",
      `There is no local server ${machine.server} any more.`,
      {
        server: machine.server,
      },
    );
  }

  async function newRecord(
    request: MachineRequest,
    context: ProviderContext,
    imageDirectory: string,
  ): Promise<MachineRecord> {
    const network = await ensureNetwork(settings, paths, context.signal);
    const used = new Set((await listMachines(paths)).map((record) => record.address));
    const address = allocateAddress(network.network, used);
    if (address === undefined) {
      throw new ProviderError(
        "PROVIDER_CAPACITY",
        `The network ${network.network} has no free address left.`,
        {
          server: request.server,
          hint: "Destroy servers, or use a larger network in another stateDirectory.",
        },
      );
    }
    return {
      madeBy: "bootmachine",
      format: 1,
      id: machineId(settings, context.stack, request.server),
      stack: context.stack,
      server: request.server,
      token: request.token,
      image: imageNameOf(request.image),
      imageDirectory,
      size: sizeNameOf(request.size),
      uuid: randomBytes(16).toString("hex"),
      address,
      address6: ipv6For(network.prefix6, network.network, address),
      hostKey: "",
      createdAt: new Date().toISOString(),
      state: "making",
    };
  }

  const sourcesForCache = async (): Promise<DebianSources | undefined> =>
    settings.packageCache ? await chooseSources(settings).catch(() => undefined) : undefined;

  /** Fills the disk's own layer and tells the record. A killed attempt is simply done again. */
  async function make(
    record: MachineRecord,
    request: MachineRequest,
    context: ProviderContext,
  ): Promise<MachineRecord> {
    const network = await ensureNetwork(settings, paths, context.signal);
    const key = await makeHostKey(context.signal);
    const made: MachineRecord = { ...record, hostKey: key.publicKey, state: "made" };
    await writeServerFiles(
      directoryOf(record),
      made,
      network,
      request.bootstrapKeys,
      key.privateKey,
      aptCacheFiles(network, await sourcesForCache()),
      settings.userData,
    );
    await writeMachine(paths, made);
    return made;
  }

  async function start(record: MachineRecord, context: ProviderContext): Promise<void> {
    const resolver =
      settings.nameservers === undefined
        ? await readResolver()
        : { nameservers: settings.nameservers, search: [] };
    if (resolver.nameservers.length === 0) {
      context.progress(
        "no resolver known that a local server can reach; set local({ nameservers: [...] })",
      );
    }
    await writeResolver(directoryOf(record), record, resolver);
    const network = await ensureNetwork(settings, paths, context.signal);
    await ensurePackageCache(paths, network, await sourcesForCache(), context.signal);
    await startServer(paths, record, network, context.signal);
  }

  async function ensure(request: MachineRequest, context: ProviderContext): Promise<Machine> {
    const problems = checkWishes(request);
    if (problems.length > 0) throw requestError(problems, request);
    if (!isReady) await requirePrerequisites();
    isReady = true;
    const present = await readMachine(paths, context.stack, request.server);
    // What runs keeps its image, also when a newer one would be built by now.
    const kept = present !== undefined && (await isThere(present.imageDirectory));
    const image = kept
      ? present.imageDirectory
      : await images.ensure(present?.image ?? imageNameOf(request.image), context);
    const record = await locked(context, async () => {
      let known = await readMachine(paths, context.stack, request.server);
      if (known?.state === "destroying") {
        await removeMachine(known);
        known = undefined;
      }
      if (known === undefined) {
        known = await newRecord(request, context, image);
        await addMachine(paths, known);
      }
      if (known.state === "making") known = await make(known, request, context);
      if (known.imageDirectory !== image && !(await isThere(known.imageDirectory)))
        throw imageGone(known);
      context.progress("starting");
      await start(known, context);
      return known;
    });
    await waitUntilStarted(directoryOf(record), record.server, context.signal);
    return await toMachine(record);
  }

  /** Ends and removes one machine. Call under the lock. */
  async function removeMachine(record: MachineRecord): Promise<void> {
    if (record.state !== "destroying")
      await writeMachine(paths, { ...record, state: "destroying" });
    await killMachineProcesses(record.uuid);
    await runCommand(["ip", "link", "delete", `vb-${record.id}`], { allowFailure: true });
    await removeCgroups(await readCgroupLayout(), paths.cgroup, record.id);
    await removeTree(await discardMachine(paths, record));
    await rmdir(join(paths.machines, record.stack)).catch(() => undefined);
  }

  /** What all servers share goes with the last one. Call under the lock. */
  async function removeShared(): Promise<void> {
    for (const remains of await listRemains(paths)) await removeTree(remains);
    if ((await listMachines(paths)).length > 0) return;
    await removePackageCache(paths);
    await removeNetwork(paths);
    await removeParentCgroup(await readCgroupLayout(), paths.cgroup);
    await rmdir(paths.machines).catch(() => undefined);
    await rm(paths.lock, { force: true });
    await rmdir(paths.state).catch(() => undefined);
    if (dirname(paths.state) === "/var/lib/bootmachine")
      await rmdir(dirname(paths.state)).catch(() => undefined);
  }

  const direct: LocalProvider = {
    kind: "provider",
    apiVersion: 1,
    name: "local",
    capabilities: {
      creates: true,
      reboots: true,
      console: true,
      images: true,
      sizes: true,
      identity: ["published"],
    },
    prerequisites: async () => await readPrerequisites(),
    observe: async (context) =>
      await Promise.all((await listMachines(paths, context.stack)).map(toMachine)),
    list: async () => await Promise.all((await listMachines(paths)).map(toMachine)),
    ensure,
    identity: async (machine) => ({ proof: "published", keys: [(await require(machine)).hostKey] }),
    destroy: async (server, context) => {
      const known = await readMachine(paths, context.stack, server);
      if (known === undefined && (await readNetwork(paths)) === undefined)
        return { existed: false };
      return await locked(context, async () => {
        const record = await readMachine(paths, context.stack, server);
        if (record !== undefined) await removeMachine(record);
        await removeShared();
        return { existed: record !== undefined };
      });
    },
    destroyShared: async (context) => {
      if ((await readNetwork(paths)) === undefined) return;
      await locked(context, removeShared);
    },
    reboot: async (machine, how, context) => {
      const record = await require(machine);
      if (await rebootServer(directoryOf(record), how)) return;
      await locked(context, async () => await start(await require(machine), context));
      await waitUntilStarted(directoryOf(record), record.server, context.signal);
    },
    console: async (machine) => await readConsole(directoryOf(await require(machine))),
    images: async () => await images.list(),
    sizes: async () => {
      const note = limitsNote(await readCgroupLayout());
      return LOCAL_SIZES.map((size) => (note === undefined ? size : { ...size, note }));
    },
    check: checkWishes,
    removeCache: async (context) =>
      await locked(context, async () => {
        const inUse = new Set((await listMachines(paths)).map((record) => record.imageDirectory));
        const removed = await images.prune(inUse);
        if (inUse.size === 0) {
          await removeTree(paths.packages);
          await removeShared();
        }
        for (const directory of [paths.images, dirname(paths.images)])
          await rmdir(directory).catch(() => undefined);
        return removed;
      }),
  };
  const needsRoot = process.platform === "linux" && process.getuid?.() !== 0;
  return needsRoot ? byAgent(direct, options, ["sudo", "-n", "--"], import.meta.url) : direct;
}

function requestError(problems: readonly string[], request: MachineRequest): UserError {
  const code = problems[0]?.includes("size") === true ? "SIZE_UNKNOWN" : "IMAGE_UNKNOWN";
  return new UserError(code, problems.join("; "), { server: request.server });
}

function imageGone(record: MachineRecord): ProviderError {
  return new ProviderError(
    "MACHINE_FAILED",
    `The image below the disk of ${record.server} was removed: ${record.imageDirectory}.`,
    { server: record.server, hint: `Destroy ${record.server} and boot it again.` },
  );
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

async function removeTree(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await runCommand(["rm", "-rf", "--one-file-system", path], { timeoutMs: 300_000 });
}
