import { AnswerLostError } from "../../cloud/answer-lost-error.ts";
import type { Caller } from "../../cloud/caller.ts";
import { markOf, sharedName } from "../../cloud/names.ts";
import { removeWhenUnused } from "../../cloud/remove-when-unused.ts";
import { RefusedError } from "../../errors/error.ts";
import type { Inlet } from "../contract.ts";
import type { Cloud } from "./cloud.ts";
import { isRefusal } from "./failures.ts";
import { type Rule, ruleKey, rulesOf, toPermission, toRules } from "./group-rules.ts";
import { literal, tagFilters } from "./tags.ts";
import { ownTags, STACK } from "./marks.ts";
import {
  closeGroup,
  createGroup,
  deleteGroup,
  type Ec2Group,
  listGroups,
  openGroup,
} from "./group-calls.ts";
import type { Ec2Settings } from "./options.ts";
import { untilKnown } from "./until-known.ts";

/** What comes in when nobody says: the first login. */
const SSH: readonly Inlet[] = [{ protocol: "tcp", fromPort: 22, toPort: 22, from: "anywhere" }];
const IS_THERE = /^InvalidPermission\.Duplicate$/;

interface Wanted {
  readonly stack: string;
  readonly vpc: string;
  readonly inlets: readonly Inlet[] | undefined;
}

/**
 * The stack's security group in this VPC, made where it is missing and brought in line: what is declared comes in, and
 * nothing else. Rules for what goes out are left alone. Without `inlets` a group that is there stays as it is.
 *
 * @returns its id. @throws RefusedError NOT_OURS where a group of this name is somebody else's.
 */
export async function ensureSecurityGroup(
  cloud: Cloud,
  settings: Ec2Settings,
  wanted: Wanted,
  caller: Caller,
): Promise<string> {
  const { inlets } = wanted;
  const found = await findGroup(cloud, wanted, caller);
  if (found !== undefined && inlets === undefined) return found.id;
  const group = found ?? (await makeGroup(cloud, settings, wanted, caller));
  const rules = rulesOf(inlets ?? SSH, group.id);
  const present = toRules(group.permissions);
  const keys = new Set(present.map(ruleKey));
  const missing = rules.filter((rule) => !keys.has(ruleKey(rule)));
  const needed = new Set(rules.map(ruleKey));
  const surplus = present.filter((rule) => !needed.has(ruleKey(rule)));
  // First open, then close: a way in that moves to another rule is never shut in between.
  if (missing.length > 0)
    await untilKnown(
      settings.settleMs,
      caller,
      async () => await open(cloud, missing, group, caller),
    );
  if (surplus.length > 0) await closeGroup(cloud.api, group, surplus.map(toPermission), caller);
  return group.id;
}

/** A second run may have opened some of the same ports in between: then they are opened one by one. */
async function open(
  cloud: Cloud,
  rules: readonly Rule[],
  group: Ec2Group,
  caller: Caller,
): Promise<void> {
  try {
    await openGroup(cloud.api, group, rules.map(toPermission), caller);
  } catch (thrown) {
    if (!isRefusal(thrown, IS_THERE)) throw thrown;
    if (rules.length === 1) return;
    for (const rule of rules) await open(cloud, [rule], group, caller);
  }
}

async function makeGroup(
  cloud: Cloud,
  settings: Ec2Settings,
  wanted: Wanted,
  caller: Caller,
): Promise<Ec2Group> {
  const { stack, vpc } = wanted;
  const name = sharedName(stack);
  const tags = { Name: name, ...settings.tags, ...ownTags(stack) };
  try {
    const description = markOf(stack);
    const id = await createGroup(cloud.api, { name, description, vpc, tags }, caller);
    return { id, name, vpc, tags, permissions: [] };
  } catch (thrown) {
    // Its answer was lost, or another run was first: then it is there.
    const mayBeThere =
      thrown instanceof AnswerLostError || isRefusal(thrown, /^InvalidGroup\.Duplicate$/);
    if (!mayBeThere) throw thrown;
    const found = await findGroup(cloud, wanted, caller);
    if (found === undefined) throw thrown;
    return found;
  }
}

async function findGroup(
  cloud: Cloud,
  { stack, vpc }: Wanted,
  caller: Caller,
): Promise<Ec2Group | undefined> {
  const name = sharedName(stack);
  const [group] = await listGroups(
    cloud.api,
    [
      { Name: "group-name", Values: [literal(name)] },
      { Name: "vpc-id", Values: [vpc] },
    ],
    caller,
  );
  if (group === undefined || group.tags[STACK] === stack) return group;
  throw new RefusedError(
    "NOT_OURS",
    `A security group ${name} exists in ${vpc}, without our tags.`,
  );
}

/** Removes the stack's groups. Network interfaces let go of a group a little after their server is gone. */
export async function removeSecurityGroups(
  cloud: Cloud,
  stack: string,
  limitMs: number,
  caller: Caller,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  for (const group of await listGroups(cloud.api, tagFilters(ownTags(stack)), caller)) {
    const what = `the security group ${group.name}`;
    const remove = async (): Promise<void> => await deleteGroup(cloud.api, group, caller);
    await removeWhenUnused(what, deadline, caller, remove);
  }
}
