import { canonicalPrefix } from "../../cloud/canonical-prefix.ts";
import type { PlainRule } from "../../cloud/firewall-rules.ts";
import type { Inlet } from "../contract.ts";
import type { NeutronRule } from "./neutron.ts";

/** A rule that Neutron has, or one to be made. */
export type Rule = Omit<NeutronRule, "id"> & { readonly id?: string };

const EVERYWHERE: readonly string[] = ["0.0.0.0/0", "::/0"];

/** Messages without which paths break. */
export const ICMP_RULES: readonly Rule[] = [
  rule("IPv4", "icmp", undefined, { prefix: undefined }),
  rule("IPv6", "ipv6-icmp", undefined, { prefix: undefined }),
];

/** Neutron's rules for what may come in, IPv4 and IPv6. @param groupIds the stack's own groups */
export function rulesOf(inlets: readonly Inlet[], groupIds: readonly string[]): readonly Rule[] {
  return inlets.flatMap((inlet) => {
    if (inlet.from === "stack") {
      return groupIds.flatMap((groupId) =>
        (["IPv4", "IPv6"] as const).map((type) => rule(type, inlet.protocol, inlet, { groupId })),
      );
    }
    const prefixes = inlet.from === "anywhere" ? EVERYWHERE : inlet.from.map(canonicalPrefix);
    return prefixes.map((prefix) =>
      rule(prefix.includes(":") ? "IPv6" : "IPv4", inlet.protocol, inlet, { prefix }),
    );
  });
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

const NUMBERED: Readonly<Record<string, string>> = {
  "1": "icmp",
  "6": "tcp",
  "17": "udp",
  "58": "ipv6-icmp",
};

/** Neutron keeps a protocol as it was written: by its name, an old name, or its number. */
function protocolOf({ protocol, ethertype }: Pick<Rule, "protocol" | "ethertype">): string | null {
  if (protocol === null) return null;
  const name = NUMBERED[protocol] ?? protocol;
  return ethertype === "IPv6" && /^icmp(v6)?$/.test(name) ? "ipv6-icmp" : name;
}

/**
 * The same for what Neutron takes for one rule, and of which it refuses the second. To take two for different ones that are
 * the same to Neutron would be to close the one that is needed, because the other cannot be made beside it.
 */
export function ruleKey(one: Rule): string {
  const prefix = one.remote_ip_prefix;
  const isAnywhere = prefix === null || EVERYWHERE.includes(prefix);
  return [
    one.ethertype,
    protocolOf(one),
    one.port_range_min,
    one.port_range_max,
    isAnywhere ? "" : canonicalPrefix(prefix),
    one.remote_group_id,
    one.remote_address_group_id ?? null,
  ].join(" ");
}

/** @param groupIds the stack's own groups */
export function toPlainRule(one: Rule, groupIds: readonly string[]): PlainRule {
  const { port_range_min: from, port_range_max: to } = one;
  const protocol = protocolOf(one);
  return {
    protocol: protocol === null ? "anything" : protocol.includes("icmp") ? "icmp" : protocol,
    ports: from === null || to === null ? undefined : { from, to },
    from: sourceOf(one, groupIds),
  };
}

function sourceOf(one: Rule, groupIds: readonly string[]): PlainRule["from"] {
  const { remote_group_id: group, remote_address_group_id: addresses } = one;
  if (typeof addresses === "string")
    return { kind: "other", text: `the address group ${addresses}` };
  if (group === null) {
    const everywhere = one.ethertype === "IPv6" ? "::/0" : "0.0.0.0/0";
    return { kind: "prefix", prefix: one.remote_ip_prefix ?? everywhere };
  }
  if (groupIds.includes(group)) return { kind: "stack" };
  return { kind: "other", text: `the security group ${group}` };
}
