import { randomBytes } from "node:crypto";

import { ProviderError } from "../../errors/error.ts";
import type { MachineRequest, ProviderContext } from "../contract.ts";
import type { DebianSources } from "./apt-sources.ts";
import { chooseSources } from "./image-store.ts";
import { listMachines, type MachineRecord, writeMachine } from "./machine-store.ts";
import { ensureNetwork } from "./network.ts";
import { allocateAddress, ipv6For } from "./network-plan.ts";
import type { LocalSettings } from "./options.ts";
import { aptCacheFiles, ensurePackageCache } from "./package-cache-process.ts";
import { type LocalPaths, machineId } from "./paths.ts";
import { readResolver } from "./resolver.ts";
import { makeHostKey, writeResolver, writeServerFiles } from "./server-files.ts";
import { startServer } from "./supervisor.ts";
import { directoryOf } from "./to-machine.ts";
import { imageNameOf, sizeNameOf } from "./wishes.ts";

/** One state directory and how it is used: what the work on every server needs. */
export interface LocalWorkshop {
  readonly settings: LocalSettings;
  readonly paths: LocalPaths;
}

/** The record of a server that is not there yet, with an address of its own. Call under the lock. */
export async function newRecord(
  { settings, paths }: LocalWorkshop,
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

/** Fills the disk's own layer and tells the record. A killed attempt is simply done again. */
export async function makeServer(
  workshop: LocalWorkshop,
  record: MachineRecord,
  request: MachineRequest,
  context: ProviderContext,
): Promise<MachineRecord> {
  const { settings, paths } = workshop;
  const network = await ensureNetwork(settings, paths, context.signal);
  const key = await makeHostKey(context.signal);
  const made: MachineRecord = { ...record, hostKey: key.publicKey, state: "made" };
  await writeServerFiles(
    directoryOf(paths, record),
    made,
    network,
    request.bootstrapKeys,
    key.privateKey,
    aptCacheFiles(network, await sourcesForCache(settings)),
    settings.userData,
  );
  await writeMachine(paths, made);
  return made;
}

/** Starts what was made, with everything that it shares with the others. */
export async function start(
  workshop: LocalWorkshop,
  record: MachineRecord,
  context: ProviderContext,
): Promise<void> {
  const { settings, paths } = workshop;
  const resolver =
    settings.nameservers === undefined
      ? await readResolver()
      : { nameservers: settings.nameservers, search: [] };
  if (resolver.nameservers.length === 0) {
    context.progress(
      "no resolver known that a local server can reach; set local({ nameservers: [...] })",
    );
  }
  await writeResolver(directoryOf(paths, record), record, resolver);
  const network = await ensureNetwork(settings, paths, context.signal);
  await ensurePackageCache(paths, network, await sourcesForCache(settings), context.signal);
  await startServer(paths, record, network, context.signal);
}

async function sourcesForCache(settings: LocalSettings): Promise<DebianSources | undefined> {
  return settings.packageCache ? await chooseSources(settings).catch(() => undefined) : undefined;
}
