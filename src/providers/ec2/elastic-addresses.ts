import { AnswerLostError } from "../../cloud/answer-lost-error.ts";
import type { Caller } from "../../cloud/caller.ts";
import { machineName } from "../../cloud/names.ts";
import type { Cloud } from "./cloud.ts";
import { type Tags, tagFilters } from "./tags.ts";
import { ownTags } from "./marks.ts";
import {
  allocateAddress,
  associateAddress,
  type Ec2Address,
  listAddresses,
  releaseAddress,
} from "./address-calls.ts";
import type { Ec2Settings } from "./options.ts";
import { untilKnown } from "./until-known.ts";

interface Where {
  readonly stack: string;
  readonly server: string;
  readonly instance: string;
}

/** Gives the server an elastic address, unless it has one. An address of ours that is loose is taken first. @returns the address */
export async function ensureElasticAddress(
  cloud: Cloud,
  settings: Ec2Settings,
  where: Where,
  caller: Caller,
): Promise<string> {
  const { stack, server, instance } = where;
  const own = tagFilters(ownTags(stack, server));
  const [first] = await listAddresses(cloud.api, own, caller);
  if (first?.instance === instance) return first.ip;
  const address =
    first ??
    (await allocate(cloud, { ...settings.tags, ...ownTags(stack, server) }, where, caller));
  await untilKnown(
    settings.settleMs,
    caller,
    async () => await associateAddress(cloud.api, address.allocation, instance, caller),
  );
  return address.ip;
}

async function allocate(
  cloud: Cloud,
  tags: Tags,
  { stack, server }: Where,
  caller: Caller,
): Promise<Pick<Ec2Address, "allocation" | "ip">> {
  try {
    const named = { Name: machineName(stack, server), ...tags };
    return await allocateAddress(cloud.api, named, caller);
  } catch (thrown) {
    if (!(thrown instanceof AnswerLostError)) throw thrown;
    const [made] = await listAddresses(cloud.api, tagFilters(ownTags(stack, server)), caller);
    if (made === undefined) throw thrown;
    return made;
  }
}

/** Whether an address stays with the instance while it is stopped. */
export async function hasElasticAddress(
  cloud: Cloud,
  instance: string,
  caller: Caller,
): Promise<boolean> {
  const filters = [{ Name: "instance-id", Values: [instance] }];
  return (await listAddresses(cloud.api, filters, caller)).length > 0;
}

/** Releases the elastic addresses that were made for one server. @returns how many there were. */
export async function removeElasticAddresses(
  cloud: Cloud,
  stack: string,
  server: string,
  caller: Caller,
): Promise<number> {
  const own = await listAddresses(cloud.api, tagFilters(ownTags(stack, server)), caller);
  for (const address of own) await releaseAddress(cloud.api, address, caller);
  return own.length;
}
