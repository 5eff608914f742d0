import { rmdir } from "node:fs/promises";
import { dirname } from "node:path";

import { ProviderError, UserError } from "../../errors/error.ts";
import { parsePluginOptions } from "../../stack/plugin-options.ts";
import type { Machine, MachineRequest, ProviderContext, WishProblem } from "../contract.ts";
import { byAgent } from "./by-agent.ts";
import { limitsNote, readCgroupLayout } from "./cgroups.ts";
import { imageStore } from "./image-store.ts";
import { imagesInUse } from "./images-in-use.ts";
import type { LocalProvider } from "./local-provider.ts";
import { withLock } from "./lock.ts";
import { addMachine, listMachines, type MachineRecord, readMachine } from "./machine-store.ts";
import { type LocalWorkshop, makeServer, newRecord, start } from "./make-machine.ts";
import { type LocalOptions, localOptionsSchema } from "./options.ts";
import { localPaths } from "./paths.ts";
import { readPrerequisites, requirePrerequisites } from "./prerequisites.ts";
import { removeMachine, removeShared, removeTree } from "./remove-machine.ts";
import { LOCAL_SIZES } from "./sizes.ts";
import { readConsole, rebootServer, waitUntilStarted } from "./supervisor.ts";
import { directoryOf, toMachine } from "./to-machine.ts";
import { checkImageFile, checkWishes, imageNameOf } from "./wishes.ts";
import { isThere } from "./is-there.ts";

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
  const workshop: LocalWorkshop = { settings, paths };
  let isReady = false;

  const locked = async <T>(context: ProviderContext, work: () => Promise<T>): Promise<T> => {
    const lock = {
      what: "The list of local servers, which another run changes,",
      signal: context.signal,
      onWait: () => context.progress("waiting for another run that works on local servers"),
    };
    return await withLock(paths.lock, lock, work);
  };

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
        await removeMachine(paths, known);
        known = undefined;
      }
      if (known === undefined) {
        known = await newRecord(workshop, request, context, image);
        await addMachine(paths, known);
      }
      if (known.state === "making") known = await makeServer(workshop, known, request, context);
      if (known.imageDirectory !== image && !(await isThere(known.imageDirectory)))
        throw imageGone(known);
      context.progress("starting");
      await start(workshop, known, context);
      return known;
    });
    await waitUntilStarted(directoryOf(paths, record), record.server, context.signal);
    return await toMachine(paths, record);
  }

  const show = async (record: MachineRecord): Promise<Machine> => await toMachine(paths, record);

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
      await Promise.all((await listMachines(paths, context.stack)).map(show)),
    list: async () => await Promise.all((await listMachines(paths)).map(show)),
    ensure,
    identity: async (machine) => ({ proof: "published", keys: [(await require(machine)).hostKey] }),
    destroy: async (server, context) => {
      const known = await readMachine(paths, context.stack, server);
      if (known === undefined && !(await isThere(paths.state))) return { existed: false };
      return await locked(context, async () => {
        const record = await readMachine(paths, context.stack, server);
        if (record !== undefined) await removeMachine(paths, record);
        await removeShared(paths);
        return { existed: record !== undefined };
      });
    },
    destroyShared: async (context) => {
      // The directory and its lock alone may be what a controller left that was killed at once.
      if (!(await isThere(paths.state))) return;
      await locked(context, async () => await removeShared(paths));
    },
    reboot: async (machine, how, context) => {
      const record = await require(machine);
      if (await rebootServer(directoryOf(paths, record), how)) return;
      await locked(context, async () => await start(workshop, await require(machine), context));
      await waitUntilStarted(directoryOf(paths, record), record.server, context.signal);
    },
    console: async (machine) => await readConsole(directoryOf(paths, await require(machine))),
    images: async () => await images.list(),
    sizes: async () => {
      const note = limitsNote(await readCgroupLayout());
      return LOCAL_SIZES.map((size) => (note === undefined ? size : { ...size, note }));
    },
    check: checkWishes,
    removeCache: async (context) =>
      await locked(context, async () => {
        const inUse = await imagesInUse(paths);
        const removed = await images.prune(inUse);
        const own = await listMachines(paths);
        const isShared = [...inUse].some((image) => image.startsWith(`${paths.images}/`));
        if (own.length === 0 && !isShared) await removeTree(paths.packages);
        if (own.length === 0) await removeShared(paths);
        for (const directory of [paths.images, dirname(paths.images)])
          await rmdir(directory).catch(() => undefined);
        return removed;
      }),
  };
  const needsRoot = process.platform === "linux" && process.getuid?.() !== 0;
  const provider = needsRoot
    ? byAgent(direct, options, ["sudo", "-n", "--"], import.meta.url)
    : direct;
  // Images are asked for before machines are made: only then an image has to be there. A server that runs needs it no more.
  let isAboutToMake = false;
  return {
    ...provider,
    images: async (context) => {
      isAboutToMake = true;
      return await provider.images(context);
    },
    check: (request) => [
      ...checkWishes(request),
      ...(isAboutToMake ? checkImageFile(request) : []),
    ],
  };
}

function requestError(problems: readonly WishProblem[], request: MachineRequest): UserError {
  const code = problems[0]?.about === "size" ? "SIZE_UNKNOWN" : "IMAGE_UNKNOWN";
  return new UserError(code, problems.map(({ message }) => message).join("; "), {
    server: request.server,
  });
}

function imageGone(record: MachineRecord): ProviderError {
  return new ProviderError(
    "MACHINE_FAILED",
    `The image below the disk of ${record.server} was removed: ${record.imageDirectory}.`,
    { server: record.server, hint: `Destroy ${record.server} and boot it again.` },
  );
}
