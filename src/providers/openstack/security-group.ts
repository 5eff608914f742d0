import { AnswerLostError } from "../../cloud/answer-lost-error.ts";
import type { Caller } from "../../cloud/caller.ts";
import { compareRules, toTexts } from "../../cloud/firewall-rules.ts";
import { markOf, sharedName } from "../../cloud/names.ts";
import { removeWhenUnused } from "../../cloud/remove-when-unused.ts";
import { ProviderError, RefusedError } from "../../errors/error.ts";
import type { Inlet, SharedReport, SharedWish } from "../contract.ts";
import type { OpenStackClient } from "./client.ts";
import { ICMP_RULES, type Rule, ruleKey, rulesOf, toPlainRule } from "./group-rules.ts";
import {
  createGroup,
  createRules,
  deleteGroup,
  deleteRule,
  listGroups,
  type NeutronGroup,
} from "./neutron.ts";

/** What comes in when nobody says: the first login. */
const SSH: readonly Inlet[] = [{ protocol: "tcp", fromPort: 22, toPort: 22, from: "anywhere" }];

/** A group that is not there yet. */
const NOT_YET: NeutronGroup = { id: "to be made", name: "", security_group_rules: [] };

/** The id of the stack's security group, made where it is missing; one that is there stays as it is. */
export async function ensureSecurityGroup(
  client: OpenStackClient,
  stack: string,
  caller: Caller,
): Promise<string> {
  const [found] = await findGroups(client, stack, caller);
  if (found !== undefined) return found.id;
  const group = await makeGroup(client, stack, caller);
  await open(client, [...ICMP_RULES, ...rulesOf(SSH, [group.id])], group, caller);
  return group.id;
}

/**
 * Makes the stack's security group where it is missing, and brings in line what comes in. Rules for what goes out are left
 * alone. Neutron allows several groups of one name, and two controllers at once may have made two: then all are brought in
 * line, and each takes the machines of the others for the stack's own.
 *
 * @returns the id of the one for new servers, and what was done
 * @throws RefusedError NOT_OURS where a group of this name is somebody else's.
 */
export async function bringGroupInLine(
  client: OpenStackClient,
  stack: string,
  wish: SharedWish,
  caller: Caller,
): Promise<{ readonly id: string; readonly report: SharedReport }> {
  const { mode } = wish;
  const found = await findGroups(client, stack, caller);
  const groups =
    found.length > 0 ? found : [mode === "plan" ? NOT_YET : await makeGroup(client, stack, caller)];
  const ids = groups.map(({ id }) => id);
  const works = groups.map((group) => ({
    group,
    ...compareRules<Rule>(
      {
        present: group.security_group_rules.filter(({ direction }) => direction === "ingress"),
        declared: [...ICMP_RULES, ...rulesOf(wish.inlets, ids)],
        meanwhile: rulesOf(wish.meanwhile, ids),
      },
      mode,
      ruleKey,
    ),
  }));
  // First open, then close: a way in that moves to another rule is never shut in between.
  if (mode !== "plan") {
    for (const { group, missing } of works)
      if (missing.length > 0) await open(client, missing, group, caller);
  }
  const isClosing = mode === "close";
  if (isClosing) {
    for (const { group, surplus } of works)
      for (const { id } of surplus)
        if (id !== undefined) await deleteRule(client, { id }, group, caller);
  }
  const texts = (rules: readonly Rule[]): readonly string[] =>
    toTexts([...new Map(rules.map((one) => [ruleKey(one), toPlainRule(one, ids)])).values()]);
  const surplus = texts(works.flatMap((work) => work.surplus));
  return {
    id: ids[0] ?? NOT_YET.id,
    report: {
      made: found.length === 0 ? [`the security group ${sharedName(stack)}`] : [],
      opened: texts(works.flatMap(({ missing }) => missing)),
      closed: isClosing ? surplus : [],
      surplus: isClosing ? [] : surplus,
    },
  };
}

/** A second run may have opened the same ports in between: then that is done, and the rest is added one by one. */
async function open(
  client: OpenStackClient,
  rules: readonly Rule[],
  group: NeutronGroup,
  caller: Caller,
): Promise<void> {
  try {
    await createRules(client, rules, group, caller);
  } catch (thrown) {
    const isThere = thrown instanceof ProviderError && thrown.code === "PROVIDER_CONFLICT";
    if (!isThere && !(thrown instanceof AnswerLostError)) throw thrown;
    if (rules.length === 1 && isThere) return;
    for (const rule of rules) {
      await createRules(client, [rule], group, caller).catch((error: unknown) => {
        if (!(error instanceof ProviderError) || error.code !== "PROVIDER_CONFLICT") throw error;
      });
    }
  }
}

/** Two controllers that begin at the same moment make a group each: whoever was later removes its own, and takes the other. */
async function makeGroup(
  client: OpenStackClient,
  stack: string,
  caller: Caller,
): Promise<NeutronGroup> {
  const wanted = { name: sharedName(stack), description: markOf(stack) };
  let made: NeutronGroup | undefined;
  try {
    made = await createGroup(client, wanted, caller);
  } catch (thrown) {
    if (!(thrown instanceof AnswerLostError)) throw thrown;
    const [found] = await findGroups(client, stack, caller);
    if (found === undefined) throw thrown;
    return found;
  }
  const [first = made] = await findGroups(client, stack, caller);
  if (first.id === made.id) return made;
  await deleteGroup(client, made, caller);
  return first;
}

/** All groups of ours for this stack, the first one first. */
async function findGroups(
  client: OpenStackClient,
  stack: string,
  caller: Caller,
): Promise<readonly NeutronGroup[]> {
  const groups = await listGroups(client, sharedName(stack), caller);
  const ours = groups
    .filter(({ description }) => description === markOf(stack))
    .toSorted((one, other) => sortKey(one).localeCompare(sortKey(other)));
  if (ours.length > 0 || groups.length === 0) return ours;
  throw new RefusedError(
    "NOT_OURS",
    `A security group ${sharedName(stack)} exists at the cloud, without our mark in its description.`,
  );
}

/** Neutron tells whole seconds; clouds may leave them out. */
function sortKey({ created_at: at, id }: NeutronGroup): string {
  return `${at ?? ""} ${id}`;
}

/** Removes the stack's groups. Ports let go of a group a little after their server is gone. */
export async function removeSecurityGroups(
  client: OpenStackClient,
  stack: string,
  limitMs: number,
  caller: Caller,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  const groups = await listGroups(client, sharedName(stack), caller);
  for (const group of groups.filter(({ description }) => description === markOf(stack))) {
    const what = `the security group ${group.name}`;
    const remove = async (): Promise<void> => await deleteGroup(client, group, caller);
    await removeWhenUnused(what, deadline, caller, remove);
  }
}
