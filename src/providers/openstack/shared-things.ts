import { createHash } from "node:crypto";

import { AnswerLostError } from "../../cloud/answer-lost-error.ts";
import type { Caller } from "../../cloud/caller.ts";
import { sharedName } from "../../cloud/names.ts";
import { ProviderError } from "../../errors/error.ts";
import type { Cloud } from "./cloud.ts";
import { createKeyPair, deleteKeyPair, listKeyPairs } from "./nova-key-pairs.ts";
import {
  createServerGroup,
  deleteServerGroup,
  listServerGroups,
  type NovaServerGroup,
} from "./nova-server-groups.ts";
import type { OpenStackSettings } from "./options.ts";

/** The key pair that new servers name: none, one of the user's, or ours with the operator's key. */
export async function ensureKeyPair(
  cloud: Cloud,
  wish: OpenStackSettings["keyPair"],
  stack: string,
  [publicKey]: readonly string[],
  caller: Caller,
): Promise<string | undefined> {
  if (wish === false || publicKey === undefined) return undefined;
  if (wish !== true) return wish;
  // Another operator's key has another name: key pairs belong to users, and a name stands for one key.
  const name = `${keyPairPrefix(stack)}${createHash("sha256").update(publicKey).digest("hex").slice(0, 8)}`;
  return await cloud.shared(name, caller, async () => {
    const isThere = async (): Promise<boolean> =>
      (await listKeyPairs(cloud.client, caller)).some((pair) => pair.name === name);
    if (await isThere()) return name;
    try {
      await createKeyPair(cloud.client, name, publicKey, caller);
    } catch (thrown) {
      const mayBeThere =
        thrown instanceof AnswerLostError ||
        (thrown instanceof ProviderError && thrown.code === "PROVIDER_CONFLICT");
      if (!mayBeThere || !(await isThere())) throw thrown;
    }
    return name;
  });
}

/** The id of the stack's server group of this policy. */
export async function ensureServerGroup(
  cloud: Cloud,
  policy: string | undefined,
  stack: string,
  caller: Caller,
): Promise<string | undefined> {
  if (policy === undefined) return undefined;
  const name = serverGroupName(stack, policy);
  return await cloud.shared(name, caller, async () => {
    const find = async (): Promise<string | undefined> =>
      (await listServerGroups(cloud.client, caller))
        .filter((group) => group.policy === policy && isServerGroupOf(stack, group))
        .map(({ id }) => id)
        .toSorted((one, other) => one.localeCompare(other))[0];
    const known = await find();
    if (known !== undefined) return known;
    let made: string;
    try {
      made = await createServerGroup(cloud.client, name, policy, caller);
    } catch (thrown) {
      const found = thrown instanceof AnswerLostError ? await find() : undefined;
      if (found === undefined) throw thrown;
      return found;
    }
    // Nova allows several of one name: of two controllers that made one each, one removes its own before it is used.
    const first = (await find()) ?? made;
    if (first !== made) await deleteServerGroup(cloud.client, made, caller);
    return first;
  });
}

/** Removes the key pairs that were imported for a stack, whatever the options say now. */
export async function removeKeyPairs(cloud: Cloud, stack: string, caller: Caller): Promise<void> {
  const isOurs = (name: string): boolean =>
    /^[0-9a-f]{8}$/.test(afterPrefix(name, keyPairPrefix(stack)));
  for (const { name } of await noneWhereRefused(listKeyPairs(cloud.client, caller))) {
    if (!isOurs(name)) continue;
    await deleteKeyPair(cloud.client, name, caller);
    cloud.forget(name);
  }
}

/** Removes the server groups that were made for a stack, whatever the options say now. */
export async function removeServerGroups(
  cloud: Cloud,
  stack: string,
  caller: Caller,
): Promise<void> {
  for (const group of await noneWhereRefused(listServerGroups(cloud.client, caller))) {
    if (group.policy === undefined || !isServerGroupOf(stack, group)) continue;
    await deleteServerGroup(cloud.client, group.id, caller);
    cloud.forget(serverGroupName(stack, group.policy));
  }
}

/** A dot stands neither in a stack's name nor in a policy, so that no two stacks share one. */
function serverGroupName(stack: string, policy: string): string {
  return `${sharedName(stack)}.${policy}`;
}

/**
 * Earlier versions put a hyphen there: "shop-anti" with "affinity" was called as "shop" with "anti-affinity" was, and only
 * the policy itself tells whose such a group is.
 */
function isServerGroupOf(stack: string, { name, policy }: NovaServerGroup): boolean {
  if (policy === undefined) return false;
  return name === serverGroupName(stack, policy) || name === `${sharedName(stack)}-${policy}`;
}

/** Who may not even list such things, or whose cloud has none, has made none. */
async function noneWhereRefused<T>(list: Promise<readonly T[]>): Promise<readonly T[]> {
  return await list.catch((thrown: unknown) => {
    const isRefused =
      thrown instanceof ProviderError &&
      (thrown.code === "PROVIDER_AUTH" || thrown.code === "PROVIDER_NOT_FOUND");
    if (isRefused) return [];
    throw thrown;
  });
}

/** Before its micro-version 2.92 Nova takes no dot in the name of a key pair. */
function keyPairPrefix(stack: string): string {
  return `bootmachine-${stack}-`;
}

/** What stands behind the stack's own name and a hyphen; empty where the name is another stack's. */
function afterPrefix(name: string, prefix: string): string {
  return name.startsWith(prefix) ? name.slice(prefix.length) : "";
}
