import type { IpPermission } from "@aws-sdk/client-ec2";

import { canonicalPrefix } from "../../cloud/canonical-prefix.ts";
import type { PlainRule } from "../../cloud/firewall-rules.ts";
import type { Inlet } from "../contract.ts";

/** One way in, of which EC2 makes heaps with the same protocol and ports. */
export interface Rule {
  /** tcp, udp, icmp, icmpv6, -1 (all), or a number. */
  readonly protocol: string;
  /** -1: all. */
  readonly fromPort: number;
  readonly toPort: number;
  readonly from: {
    readonly kind: "ipv4" | "ipv6" | "group" | "list";
    /** A prefix, or an id. */
    readonly value: string;
    /** Whose group it is, where EC2 told it: one of another account is not known without. */
    readonly account?: string;
  };
}

const ALL = { fromPort: -1, toPort: -1 };
/** Messages without which paths break. */
export const ICMP_RULES: readonly Rule[] = [
  { protocol: "icmp", ...ALL, from: { kind: "ipv4", value: "0.0.0.0/0" } },
  { protocol: "icmpv6", ...ALL, from: { kind: "ipv6", value: "::/0" } },
];

/** What may come in to the machines of a group. */
export function rulesOf(inlets: readonly Inlet[], group: string): readonly Rule[] {
  const rules = inlets.flatMap(({ protocol, fromPort, toPort, from }) =>
    sourcesOf(from, group).map((source): Rule => ({ protocol, fromPort, toPort, from: source })),
  );
  return [...new Map(rules.map((rule) => [ruleKey(rule), rule])).values()];
}

function sourcesOf(from: Inlet["from"], group: string): readonly Rule["from"][] {
  if (from === "stack") return [{ kind: "group", value: group }];
  const prefixes = from === "anywhere" ? ["0.0.0.0/0", "::/0"] : from.map(canonicalPrefix);
  return prefixes.map((value) => ({ kind: value.includes(":") ? "ipv6" : "ipv4", value }));
}

/** The single rules in what EC2 tells. */
export function toRules(permissions: readonly IpPermission[]): readonly Rule[] {
  return permissions.flatMap((permission) => {
    const told = permission.IpProtocol ?? "-1";
    const base = {
      protocol: told === "58" ? "icmpv6" : told,
      fromPort: permission.FromPort ?? -1,
      toPort: permission.ToPort ?? -1,
    };
    const sources: readonly Rule["from"][] = [
      ...(permission.IpRanges ?? []).map(
        ({ CidrIp: value = "" }) => ({ kind: "ipv4", value }) as const,
      ),
      ...(permission.Ipv6Ranges ?? []).map(
        ({ CidrIpv6: value = "" }) => ({ kind: "ipv6", value }) as const,
      ),
      ...(permission.UserIdGroupPairs ?? []).map(
        ({ GroupId: value = "", UserId: account }) =>
          ({ kind: "group", value, ...(account === undefined ? {} : { account }) }) as const,
      ),
      ...(permission.PrefixListIds ?? []).map(
        ({ PrefixListId: value = "" }) => ({ kind: "list", value }) as const,
      ),
    ];
    return sources.map((from) => ({ ...base, from }));
  });
}

export function toPermission({ protocol, fromPort, toPort, from }: Rule): IpPermission {
  const base = { IpProtocol: protocol, FromPort: fromPort, ToPort: toPort };
  switch (from.kind) {
    case "ipv4":
      return { ...base, IpRanges: [{ CidrIp: from.value }] };
    case "ipv6":
      return { ...base, Ipv6Ranges: [{ CidrIpv6: from.value }] };
    case "group": {
      const { value: GroupId, account: UserId } = from;
      return {
        ...base,
        UserIdGroupPairs: [{ GroupId, ...(UserId === undefined ? {} : { UserId }) }],
      };
    }
    case "list":
      return { ...base, PrefixListIds: [{ PrefixListId: from.value }] };
  }
}

/** The same for what EC2 takes for one rule. */
export function ruleKey({ protocol, fromPort, toPort, from }: Rule): string {
  return [protocol, fromPort, toPort, from.kind, from.value].join(" ");
}

/** @param group the stack's own */
export function toPlainRule({ protocol, fromPort, toPort, from }: Rule, group: string): PlainRule {
  const names: Readonly<Record<string, string>> = { icmpv6: "icmp", "-1": "anything" };
  return {
    protocol: names[protocol] ?? protocol,
    ports: protocol === "tcp" || protocol === "udp" ? { from: fromPort, to: toPort } : undefined,
    from: toPlainSource(from, group),
  };
}

function toPlainSource({ kind, value }: Rule["from"], group: string): PlainRule["from"] {
  switch (kind) {
    case "ipv4":
    case "ipv6":
      return { kind: "prefix", prefix: value };
    case "group":
      return value === group
        ? { kind: "stack" }
        : { kind: "other", text: `the security group ${value}` };
    case "list":
      return { kind: "other", text: `the prefix list ${value}` };
  }
}
