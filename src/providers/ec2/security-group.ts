import { AnswerLostError } from "../../cloud/answer-lost-error.ts";
import type { Caller } from "../../cloud/caller.ts";
import { compareRules, toTexts } from "../../cloud/firewall-rules.ts";
import { markOf, sharedName } from "../../cloud/names.ts";
import { removeWhenUnused } from "../../cloud/remove-when-unused.ts";
import { ProviderError, RefusedError } from "../../errors/error.ts";
import type { Inlet, SharedReport, SharedWish } from "../contract.ts";
import type { Cloud } from "./cloud.ts";
import { isRefusal } from "./failures.ts";
import {
  ICMP_RULES,
  type Rule,
  ruleKey,
  rulesOf,
  toPermission,
  toPlainRule,
  toRules,
} from "./group-rules.ts";
import { literal, tagFilters } from "./tags.ts";
import { ownTags, STACK } from "./marks.ts";
import { closeRules } from "./close-rules.ts";
import { createGroup, deleteGroup, type Ec2Group, listGroups, openGroup } from "./group-calls.ts";
import type { Ec2Settings } from "./options.ts";
import { untilKnown } from "./until-known.ts";

/** What comes in when nobody says: the first login. */
const SSH: readonly Inlet[] = [{ protocol: "tcp", fromPort: 22, toPort: 22, from: "anywhere" }];
const IS_THERE = /^InvalidPermission\.Duplicate$/;

/** A group that is not there yet. */
const NOT_YET = "to be made";

interface Place {
  readonly stack: string;
  readonly vpc: string;
}

/** The id of the stack's security group in this VPC, made where it is missing; one that is there stays as it is. */
export async function ensureSecurityGroup(
  cloud: Cloud,
  settings: Ec2Settings,
  place: Place,
  caller: Caller,
): Promise<string> {
  const found = await findGroup(cloud, place, caller);
  if (found !== undefined) return found.id;
  const group = await makeGroup(cloud, settings, place, caller);
  await openWhenKnown(cloud, settings, [...ICMP_RULES, ...rulesOf(SSH, group.id)], group, caller);
  return group.id;
}

/**
 * Makes the stack's security group in this VPC where it is missing, and brings in line what comes in. Rules for what goes
 * out are left alone.
 *
 * @returns its id, and what was done. @throws RefusedError NOT_OURS where a group of this name is somebody else's;
 *   ProviderError PROVIDER_REFUSED where something stays open that was to be closed, when all else is done.
 */
export async function bringGroupInLine(
  cloud: Cloud,
  settings: Ec2Settings,
  place: Place,
  wish: SharedWish,
  caller: Caller,
): Promise<{ readonly id: string; readonly report: SharedReport }> {
  const { mode } = wish;
  const found = await findGroup(cloud, place, caller);
  const group =
    found ?? (mode === "plan" ? notYet(place) : await makeGroup(cloud, settings, place, caller));
  const { missing, surplus } = compareRules(
    {
      present: toRules(group.permissions),
      declared: [...ICMP_RULES, ...rulesOf(wish.inlets, group.id)],
      meanwhile: rulesOf(wish.meanwhile, group.id),
    },
    mode,
    ruleKey,
  );
  // First open, then close: a way in that moves to another rule is never shut in between.
  if (missing.length > 0 && mode !== "plan")
    await openWhenKnown(cloud, settings, missing, group, caller);
  const isClosing = mode === "close" && surplus.length > 0;
  const kept = isClosing ? await closeRules(cloud, settings, surplus, group, caller) : [];
  const texts = (rules: readonly Rule[]): readonly string[] =>
    toTexts(rules.map((rule) => toPlainRule(rule, group.id)));
  if (kept.length > 0) {
    const closed = texts(surplus.filter((rule) => !kept.includes(rule)));
    throw keptOpen(group, texts(kept), closed);
  }
  return {
    id: group.id,
    report: {
      made: found === undefined ? [`the security group ${group.name}`] : [],
      opened: texts(missing),
      closed: isClosing ? texts(surplus) : [],
      surplus: isClosing ? [] : texts(surplus),
    },
  };
}

function keptOpen(
  { id, name }: Ec2Group,
  kept: readonly string[],
  closed: readonly string[],
): ProviderError {
  const done = closed.length === 0 ? "" : ` Closed: ${closed.join("; ")}.`;
  return new ProviderError(
    "PROVIDER_REFUSED",
    `The security group ${name} still lets in ${kept.join("; ")}: EC2 shows it, and knows no such rule when it is to be closed.${done}`,
    {
      hint: `Remove it by hand: \`aws ec2 describe-security-group-rules --filters Name=group-id,Values=${id}\` shows its id, and \`aws ec2 revoke-security-group-ingress --group-id ${id} --security-group-rule-ids ID\` closes it.`,
    },
  );
}

function notYet({ stack, vpc }: Place): Ec2Group {
  return { id: NOT_YET, name: sharedName(stack), vpc, tags: {}, permissions: [] };
}

/** A group that was made a moment ago may not be known everywhere. */
async function openWhenKnown(
  cloud: Cloud,
  settings: Ec2Settings,
  rules: readonly Rule[],
  group: Ec2Group,
  caller: Caller,
): Promise<void> {
  const { settleMs } = settings;
  await untilKnown(settleMs, caller, async () => await open(cloud, rules, group, caller));
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
  place: Place,
  caller: Caller,
): Promise<Ec2Group> {
  const { stack, vpc } = place;
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
    const found = await findGroup(cloud, place, caller);
    if (found === undefined) throw thrown;
    return found;
  }
}

async function findGroup(
  cloud: Cloud,
  { stack, vpc }: Place,
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

/**
 * Removes the stack's groups. Network interfaces let go of a group a little after their server is gone.
 *
 * @param removeUsers called before each attempt: removes those of the stack's machines that still use it
 */
export async function removeSecurityGroups(
  cloud: Cloud,
  stack: string,
  limitMs: number,
  caller: Caller,
  removeUsers: () => Promise<void>,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  for (const group of await listGroups(cloud.api, tagFilters(ownTags(stack)), caller)) {
    const what = `the security group ${group.name}`;
    const remove = async (): Promise<void> => {
      await removeUsers();
      await deleteGroup(cloud.api, group, caller);
    };
    await removeWhenUnused(what, deadline, caller, remove);
  }
}
