import { isIPv6 } from "node:net";

import { AnswerLostError } from "../../cloud/answer-lost-error.ts";
import type { Caller } from "../../cloud/caller.ts";
import { markOf, sharedName } from "../../cloud/names.ts";
import { removeWhenUnused } from "../../cloud/remove-when-unused.ts";
import { ProviderError, RefusedError } from "../../errors/error.ts";
import type { Inlet } from "../contract.ts";
import type { OpenStackClient } from "./client.ts";
import {
  createGroup,
  createRules,
  deleteGroup,
  deleteRule,
  listGroups,
  type NeutronGroup,
  type NeutronRule,
} from "./neutron.ts";

type Rule = Omit<NeutronRule, "id">;

/** What comes in when nobody says: the first login. */
const SSH: readonly Inlet[] = [{ protocol: "tcp", fromPort: 22, toPort: 22, from: "anywhere" }];

/**
 * The stack's security group, made where it is missing and brought in line: what is declared comes in, and nothing
 * else. Rules for what goes out are left alone. Without `inlets` a group that is there stays as it is.
 *
 * @throws RefusedError NOT_OURS where a group of this name is somebody else's.
 */
export async function ensureSecurityGroup(
  client: OpenStackClient,
  stack: string,
  inlets: readonly Inlet[] | undefined,
  caller: Caller,
): Promise<string> {
  const found = await findGroup(client, stack, caller);
  if (found !== undefined && inlets === undefined) return found.id;
  const group = found ?? (await makeGroup(client, stack, caller));
  const wanted = rulesOf(inlets ?? SSH, group.id);
  const present = group.security_group_rules.filter(({ direction }) => direction === "ingress");
  const missing = wanted.filter((rule) =>
    present.every((other) => ruleKey(other) !== ruleKey(rule)),
  );
  const needed = new Set(wanted.map(ruleKey));
  // First open, then close: a way in that moves to another rule is never shut in between.
  if (missing.length > 0) await open(client, missing, group, caller);
  for (const rule of present) {
    if (!needed.has(ruleKey(rule))) await deleteRule(client, rule, group, caller);
  }
  return group.id;
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

async function makeGroup(
  client: OpenStackClient,
  stack: string,
  caller: Caller,
): Promise<NeutronGroup> {
  const wanted = { name: sharedName(stack), description: markOf(stack) };
  try {
    return await createGroup(client, wanted, caller);
  } catch (thrown) {
    if (!(thrown instanceof AnswerLostError)) throw thrown;
    const found = await findGroup(client, stack, caller);
    if (found === undefined) throw thrown;
    return found;
  }
}

async function findGroup(
  client: OpenStackClient,
  stack: string,
  caller: Caller,
): Promise<NeutronGroup | undefined> {
  const groups = await listGroups(client, sharedName(stack), caller);
  const [ours] = groups
    .filter(({ description }) => description === markOf(stack))
    .toSorted((one, other) => one.id.localeCompare(other.id));
  if (ours !== undefined || groups.length === 0) return ours;
  throw new RefusedError(
    "NOT_OURS",
    `A security group ${sharedName(stack)} exists at the cloud, without our mark in its description.`,
  );
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

/** Neutron's rules for what may come in, IPv4 and IPv6, with the messages without which paths break. */
export function rulesOf(inlets: readonly Inlet[], groupId: string): readonly Rule[] {
  const rules = [
    rule("IPv4", "icmp", undefined, { prefix: undefined }),
    rule("IPv6", "ipv6-icmp", undefined, { prefix: undefined }),
    ...inlets.flatMap((inlet) => {
      if (inlet.from === "stack") {
        return (["IPv4", "IPv6"] as const).map((type) =>
          rule(type, inlet.protocol, inlet, { groupId }),
        );
      }
      const prefixes = inlet.from === "anywhere" ? ["0.0.0.0/0", "::/0"] : inlet.from.map(toPrefix);
      return prefixes.map((prefix) =>
        rule(prefix.includes(":") ? "IPv6" : "IPv4", inlet.protocol, inlet, { prefix }),
      );
    }),
  ];
  return [...new Map(rules.map((one) => [ruleKey(one), one])).values()];
}

function rule(
  ethertype: "IPv4" | "IPv6",
  protocol: string,
  ports: Pick<Inlet, "fromPort" | "toPort"> | undefined,
  from: { readonly prefix: string | undefined } | { readonly groupId: string },
): Rule {
  return {
    direction: "ingress",
    ethertype,
    protocol,
    port_range_min: ports?.fromPort ?? null,
    port_range_max: ports?.toPort ?? null,
    remote_ip_prefix: "prefix" in from ? (from.prefix ?? null) : null,
    remote_group_id: "groupId" in from ? from.groupId : null,
  };
}

function toPrefix(from: string): string {
  if (from.includes("/")) return from;
  return isIPv6(from) ? `${from}/128` : `${from}/32`;
}

/** What Neutron takes for one rule: "anywhere" is told in two ways, and one protocol has two names. */
function ruleKey(one: Rule): string {
  const prefix = one.remote_ip_prefix;
  const isAnywhere = prefix === null || prefix === "0.0.0.0/0" || prefix === "::/0";
  const protocol = one.protocol === "icmpv6" ? "ipv6-icmp" : one.protocol;
  return [
    one.ethertype,
    protocol,
    one.port_range_min,
    one.port_range_max,
    isAnywhere ? "" : prefix,
    one.remote_group_id,
  ].join(" ");
}
