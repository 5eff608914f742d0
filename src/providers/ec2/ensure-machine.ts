import { awaitServer } from "../../cloud/await-server.ts";
import { machineName } from "../../cloud/names.ts";
import { ProviderError, RefusedError } from "../../errors/error.ts";
import type { Machine, MachineRequest, ProviderContext } from "../contract.ts";
import type { Cloud } from "./cloud.ts";
import { createMachine } from "./create-machine.ts";
import { ensureElasticAddress } from "./elastic-addresses.ts";
import { type Ec2Instance, readInstance, startInstance } from "./instances.ts";
import {
  isFailed,
  isGoing,
  isGone,
  isOf,
  keptFirst,
  statusOf,
  toMachine,
  elasticTags,
  isAddressAwaited,
} from "./marks.ts";
import type { Ec2Settings } from "./options.ts";
import { removeInstances, waitUntilGone } from "./remove-machine.ts";
import { writeTags } from "./tags.ts";
import { untilKnown } from "./until-known.ts";

/** How often a server that EC2 ended while it started is replaced in one run. */
const MAX_REPLACEMENTS = 2;

/** Look, create if missing, bring in line, return. */
export async function ensureMachine(
  cloud: Cloud,
  settings: Ec2Settings,
  request: MachineRequest,
  context: ProviderContext,
): Promise<Machine> {
  for (let replacements = 0; ; replacements += 1) {
    const found = await findOwn(cloud, settings, request.server, context);
    const id = found?.id ?? (await createMachine(cloud, settings, request, context));
    const ready = await bringUp(cloud, settings, id, request.server, context);
    if (!isFailed(ready)) return toMachine(ready, settings);
    const mayReplace = settings.onError === "replace" && replacements < MAX_REPLACEMENTS;
    if (!mayReplace) throw machineFailed(ready, request.server, replacements);
    context.progress(`replacing the server: ${ready.reason?.message ?? "EC2 ended it"}`);
  }
}

/** Our instance of this server; waits for one that is going. What EC2 has ended is no hindrance. @throws RefusedError NOT_OURS */
async function findOwn(
  cloud: Cloud,
  settings: Ec2Settings,
  server: string,
  context: ProviderContext,
): Promise<Ec2Instance | undefined> {
  const { stack } = context;
  const name = machineName(stack, server);
  const own = (await cloud.watch.fresh(context)).filter((entry) => isOf(entry, stack, server));
  const [first] = keptFirst(own.filter((entry) => !isGoing(entry)));
  if (first !== undefined) return first;
  await waitUntilGone(
    cloud,
    settings,
    own.filter((entry) => !isGone(entry)),
    context,
  );
  const madeHere = cloud.made.get(name);
  if (madeHere !== undefined) {
    // A list may lag behind; the instance itself answers sooner.
    const made = await readInstance(cloud.api, madeHere, context);
    if (made !== undefined && !isGoing(made)) return made;
    cloud.made.delete(name);
  }
  const namesakes = await cloud.namesakesOf(stack, context);
  if (
    namesakes.some(
      (entry) => entry.tags["Name"] === name && !isOf(entry, stack, server) && !isGoing(entry),
    )
  ) {
    throw new RefusedError("NOT_OURS", `An instance ${name} exists at EC2, without our tags.`, {
      server,
    });
  }
  return undefined;
}

/** Waits until it is settled, starts what is stopped, and gives it its addresses. @returns it, running or failed. */
async function bringUp(
  cloud: Cloud,
  settings: Ec2Settings,
  id: string,
  server: string,
  context: ProviderContext,
): Promise<Ec2Instance> {
  const settled = await settle(
    cloud,
    settings,
    { id, server },
    context,
    ({ state }) => state === "running" || state === "stopped",
  );
  if (statusOf(settled) === "stopped") {
    context.progress("starting (it is stopped)");
    const named = { id: settled.id, name: machineName(context.stack, server) };
    await untilKnown(
      settings.settleMs,
      context,
      async () => await startInstance(cloud.api, named, context),
    );
  }
  const needsPublic = settings.publicAddress === true && settings.accessAddress !== "private";
  const isReachable = (entry: Ec2Instance): boolean =>
    isRunning(entry) &&
    toMachine(entry, settings).publicAddresses.length > 0 &&
    (!needsPublic || entry.publicIp !== undefined);
  // An elastic address may be the only one that it is reached by, and comes after it.
  const isUp = settings.elasticAddress ? isRunning : isReachable;
  const ready = await settle(cloud, settings, { id: settled.id, server }, context, isUp);
  if (!settings.elasticAddress || isFailed(ready)) return ready;
  const where = { stack: context.stack, server, instance: ready.id };
  const address = await ensureElasticAddress(cloud, settings, where, context);
  if (isAddressAwaited(ready)) {
    const named = { id: ready.id, name: machineName(context.stack, server) };
    await writeTags(cloud.api, named, elasticTags(address), context);
  }
  return await settle(
    cloud,
    settings,
    { id: ready.id, server },
    context,
    (entry) => isReachable(entry) && entry.publicIp === address && !isAddressAwaited(entry),
  );
}

function isRunning({ state }: Ec2Instance): boolean {
  return state === "running";
}

/**
 * Waits for our instance to be as claimed, or to have failed. Of two (a create whose answer was lost came through after
 * all) the one that was set up stays, or else the older.
 *
 * @throws TimeoutError; ProviderError PROVIDER_NOT_FOUND where somebody else ended it.
 */
async function settle(
  cloud: Cloud,
  settings: Ec2Settings,
  { id, server }: { readonly id: string; readonly server: string },
  context: ProviderContext,
  claim: (instance: Ec2Instance) => boolean,
): Promise<Ec2Instance> {
  const began = Date.now();
  const look = (instances: readonly Ec2Instance[]): readonly Ec2Instance[] | undefined => {
    const own = keptFirst(instances.filter((entry) => isOf(entry, context.stack, server)));
    const alive = own.filter((entry) => !isGoing(entry));
    const [first] = alive;
    if (first === undefined) {
      const ended = own.find((entry) => entry.id === id);
      if (ended === undefined) return undefined;
      if (isFailed(ended)) return [ended];
      throw new ProviderError("PROVIDER_NOT_FOUND", `${server} vanished while it was awaited.`, {
        server,
        hint: "Somebody terminated it at EC2. The next `up` makes a new one.",
      });
    }
    if (claim(first)) return alive;
    const seconds = Math.round((Date.now() - began) / 1000);
    context.progress(`waiting for the machine: ${first.state} (${seconds} s)`);
    return undefined;
  };
  return await awaitServer(
    cloud.watch,
    {
      server,
      limitMs: settings.bootTimeoutMs,
      claim: look,
      remove: async (others) => await removeInstances(cloud, settings, others, context),
    },
    context,
  );
}

function machineFailed(
  { reason }: Ec2Instance,
  server: string,
  replacements: number,
): ProviderError {
  const why = reason?.message ?? "EC2 gives no reason";
  const tries = replacements === 0 ? "" : ` It was replaced ${replacements} times.`;
  return new ProviderError("MACHINE_FAILED", `EC2 could not start ${server}: ${why}.${tries}`, {
    server,
    // EC2 says no more than "Client error on launch" where the key of a volume may not be used.
    hint: /volume|snapshot|kms|key|Client\.InternalError/i.test(`${reason?.code} ${why}`)
      ? "Its root volume could not be made: check `rootVolume` (size, `kmsKey` and your right to use that key) and the quota for volumes. The next `up` tries again."
      : "The next `up` makes a new one; `aws ec2 describe-instances` shows this one for about an hour.",
  });
}
