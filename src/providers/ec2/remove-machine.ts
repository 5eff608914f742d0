import { machineName } from "../../cloud/names.ts";
import type { Leftover, ProviderContext } from "../contract.ts";
import { listAddresses } from "./address-calls.ts";
import type { Cloud } from "./cloud.ts";
import { removeElasticAddresses } from "./elastic-addresses.ts";
import { type Ec2Instance, readInstance, terminateInstance } from "./instances.ts";
import { removeTags, tagFilters } from "./tags.ts";
import { deleteVolume, listVolumes } from "./volumes.ts";
import { isFailed, isGoing, isGone, isOf, ownTags, SERVER, STACK } from "./marks.ts";
import type { Ec2Settings } from "./options.ts";

/** Removes a server's machine, however far it was made, with its address and its volumes. @returns whether anything was there. */
export async function removeMachine(
  cloud: Cloud,
  settings: Ec2Settings,
  server: string,
  context: ProviderContext,
): Promise<boolean> {
  const { stack } = context;
  const listed = (await cloud.watch.fresh(context)).filter((entry) => isOf(entry, stack, server));
  const madeHere = cloud.made.get(machineName(stack, server));
  const hidden =
    madeHere === undefined || listed.some(({ id }) => id === madeHere)
      ? undefined
      : await readInstance(cloud.api, madeHere, context);
  const own = hidden === undefined ? listed : [...listed, hidden];
  const failed = own.filter((entry) => isFailed(entry) && !cloud.buried.has(entry.id));
  const present = own.filter((entry) => !isGone(entry));
  await removeInstances(cloud, settings, present, context);
  for (const instance of failed) await bury(cloud, instance, context);
  const addresses = await removeElasticAddresses(cloud, stack, server, context);
  const volumes = await removeVolumes(cloud, stack, server, context);
  return failed.length + present.length + addresses + volumes > 0;
}

/** Terminates instances and waits until they are gone. */
export async function removeInstances(
  cloud: Cloud,
  settings: Ec2Settings,
  instances: readonly Ec2Instance[],
  context: ProviderContext,
): Promise<void> {
  for (const instance of instances) {
    const named = { id: instance.id, name: instance.tags["Name"] ?? instance.id };
    if (!isGoing(instance)) await terminateInstance(cloud.api, named, context);
  }
  await waitUntilGone(cloud, settings, instances, context);
  const ids = new Set(instances.map(({ id }) => id));
  for (const [name, id] of cloud.made) if (ids.has(id)) cloud.made.delete(name);
}

export async function waitUntilGone(
  cloud: Cloud,
  settings: Ec2Settings,
  instances: readonly Ec2Instance[],
  context: ProviderContext,
): Promise<void> {
  if (instances.length === 0) return;
  const ids = new Set(instances.map(({ id }) => id));
  const names = [...new Set(instances.map(({ tags, id }) => tags["Name"] ?? id))];
  await cloud.watch.until(
    {
      claim: (now) => (now.some((entry) => ids.has(entry.id) && !isGone(entry)) ? undefined : true),
      limitMs: settings.bootTimeoutMs,
      what: `${names.join(", ")} did not go away (bootTimeoutMs)`,
    },
    context,
  );
}

/** What EC2 has ended itself it shows for an hour: without our tags nobody takes it for one of ours. */
async function bury(
  cloud: Cloud,
  { id, tags }: Ec2Instance,
  context: ProviderContext,
): Promise<void> {
  cloud.buried.add(id);
  const named = { id, name: tags["Name"] ?? id };
  // Where EC2 refuses to change the tags of what has gone, it is forgotten here and vanishes there by itself.
  await removeTags(cloud.api, named, [STACK, SERVER], context).catch(() => undefined);
}

/** Removes the stack's machines that lists did not show when their servers were destroyed: a create that ended a moment before. */
export async function removeStragglers(
  cloud: Cloud,
  settings: Ec2Settings,
  context: ProviderContext,
): Promise<void> {
  const { stack } = context;
  const present = (await cloud.watch.fresh(context)).filter(
    (entry) => isOf(entry, stack) && !isGone(entry),
  );
  for (const server of new Set(present.map(({ tags }) => tags[SERVER]))) {
    if (server === undefined) continue;
    context.progress(`removing ${server}, which no list had shown`);
    await removeMachine(cloud, settings, server, context);
  }
}

/** What bears our tags and outlived its server. */
export async function listLeftovers(
  cloud: Cloud,
  context: ProviderContext,
): Promise<readonly Leftover[]> {
  const { stack } = context;
  const [instances, addresses, volumes] = await Promise.all([
    cloud.watch.fresh(context),
    listAddresses(cloud.api, tagFilters(ownTags(stack)), context),
    listVolumes(cloud.api, ownTags(stack), context),
  ]);
  const present = new Set(
    instances
      .filter((entry) => isOf(entry, stack) && !isGone(entry))
      .map(({ tags }) => tags[SERVER]),
  );
  const found = [
    ...addresses.map(({ ip, tags }) => ({ kind: "elastic address", name: ip, tags })),
    ...volumes
      .filter(({ state }) => state === "available")
      .map(({ id, tags }) => ({ kind: "volume", name: id, tags })),
  ];
  return found.flatMap(({ tags: { [SERVER]: server }, kind, name }) =>
    server === undefined || present.has(server) ? [] : [{ kind, name, server }],
  );
}

/** Volumes that outlived their server: somebody has set them to stay. */
async function removeVolumes(
  cloud: Cloud,
  stack: string,
  server: string,
  context: ProviderContext,
): Promise<number> {
  const left = (await listVolumes(cloud.api, ownTags(stack, server), context)).filter(
    ({ state }) => state === "available",
  );
  for (const { id } of left) await deleteVolume(cloud.api, id, context);
  return left.length;
}
