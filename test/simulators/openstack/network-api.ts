import { randomUUID } from "node:crypto";

import { canonicalPrefix } from "../../../src/cloud/canonical-prefix.ts";
import { type ApiCall, failure, type Reply } from "./reply.ts";
import type { Project, SimulatedRule } from "./project.ts";

/** Neutron, as far as it is used. */
export function networkApi(project: Project, call: ApiCall): Reply | undefined {
  const reply = answer(project, call);
  const [, collection = "", id] = call.path.split("/");
  const key = collection.replaceAll("-", "_");
  if (reply === undefined || call.method !== "GET" || id !== undefined) return reply;
  const all = (reply.body as Record<string, readonly { readonly id: string }[]>)[key] ?? [];
  const begin = all.findIndex((one) => one.id === call.query.get("marker")) + 1;
  const page = all.slice(begin, begin + project.networkPage);
  const hasMore = begin + page.length < all.length;
  const links = hasMore ? { [`${key}_links`]: [{ rel: "next", href: "…" }] } : {};
  return { ...reply, body: { [key]: page, ...links } };
}

function answer(project: Project, call: ApiCall): Reply | undefined {
  const [, collection, id] = call.path.split("/");
  switch (collection) {
    case "networks":
      return { status: 200, body: { networks: project.networks } };
    case "security-groups":
      return groups(project, call, id);
    case "security-group-rules":
      return rules(project, call, id);
    case "ports":
      return ports(project, call);
    case "floatingips":
      return floatingIps(project, call, id);
    default:
      return undefined;
  }
}

function groups(project: Project, { method, query, body }: ApiCall, id: string | undefined): Reply {
  const withRules = (group: Project["groups"][number]): unknown => ({
    project_id: "project-1",
    ...group,
    security_group_rules: project.rules.filter((rule) => rule.security_group_id === group.id),
  });
  if (method === "GET") {
    const name = query.get("name");
    const found = project.groups.filter((group) => name === null || group.name === name);
    return { status: 200, body: { security_groups: found.map(withRules) } };
  }
  if (method === "POST") {
    const wanted = body["security_group"] as {
      readonly name: string;
      readonly description?: string;
    };
    const group = { id: randomUUID(), name: wanted.name, description: wanted.description ?? "" };
    project.groups.push(group);
    for (const type of ["IPv4", "IPv6"]) project.rules.push(egress(group.id, type));
    return { status: 201, body: { security_group: withRules(group) } };
  }
  const group = project.groups.find((one) => one.id === id);
  if (group === undefined) return failure(404, `Security group ${id} does not exist`);
  if (project.servers.some(({ groups: used }) => used.includes(group.id)))
    return failure(409, `Security Group ${id} in use.`);
  project.groups = project.groups.filter((one) => one !== group);
  project.rules = project.rules.filter((rule) => rule.security_group_id !== group.id);
  return { status: 204 };
}

function egress(group: string, ethertype: string): SimulatedRule {
  return {
    id: randomUUID(),
    security_group_id: group,
    direction: "egress",
    ethertype,
    protocol: null,
    port_range_min: null,
    port_range_max: null,
    remote_ip_prefix: null,
    remote_group_id: null,
  };
}

function rules(project: Project, { method, body }: ApiCall, id: string | undefined): Reply {
  if (method === "DELETE") {
    const before = project.rules.length;
    project.rules = project.rules.filter((rule) => rule.id !== id);
    return project.rules.length < before ? { status: 204 } : failure(404, "no such rule");
  }
  const asked = body["security_group_rules"] as readonly Omit<SimulatedRule, "id">[];
  // As Neutron keeps them.
  const wanted = asked.map((rule): Omit<SimulatedRule, "id"> => {
    const prefix = rule["remote_ip_prefix"];
    return typeof prefix === "string"
      ? { ...rule, remote_ip_prefix: canonicalPrefix(prefix) }
      : rule;
  });
  const [outOfRange] = wanted.filter(({ port_range_min: port }) => Number(port ?? 1) < 1);
  if (outOfRange !== undefined) return failure(400, "Invalid value for port");
  const known = new Set(project.rules.map(duplicateKey));
  if (wanted.some((rule) => known.has(duplicateKey(rule))))
    return failure(409, "Security group rule already exists.");
  const made = wanted.map((rule) => ({ ...rule, id: randomUUID() }) as SimulatedRule);
  project.rules.push(...made);
  return { status: 201, body: { security_group_rules: made } };
}

const PROTOCOLS: Readonly<Record<string, string>> = {
  icmp: "1",
  tcp: "6",
  udp: "17",
  "ipv6-icmp": "58",
  icmpv6: "58",
};

/** What Neutron takes for one rule: a protocol by name or number, all addresses as a prefix or as none. */
function duplicateKey(rule: Omit<SimulatedRule, "id">): string {
  const { ethertype, protocol, remote_ip_prefix: prefix } = rule;
  const number = PROTOCOLS[String(protocol)] ?? protocol;
  return JSON.stringify([
    ...["direction", "port_range_min", "port_range_max", "security_group_id"].map(
      (key) => rule[key],
    ),
    ...["remote_group_id", "remote_address_group_id"].map((key) => rule[key] ?? null),
    ethertype,
    ethertype === "IPv6" && number === "1" ? "58" : number,
    prefix === "0.0.0.0/0" || prefix === "::/0" ? null : prefix,
  ]);
}

function ports(project: Project, { query }: ApiCall): Reply {
  const found = project.servers.filter(({ id }) => id === query.get("device_id"));
  const idOf = (network: string): string =>
    project.networks.find(({ name }) => name === network)?.id ?? "";
  return {
    status: 200,
    body: {
      ports: found
        .flatMap((server) => project.portsOf(server))
        .map(({ id, network, addresses }) => ({
          id,
          network_id: idOf(network),
          fixed_ips: addresses.map((address) => ({ ip_address: address })),
        })),
    },
  };
}

function floatingIps(project: Project, { method, body }: ApiCall, id: string | undefined): Reply {
  if (method === "GET") return { status: 200, body: { floatingips: project.floatingIps } };
  if (method === "POST") {
    const wanted = body["floatingip"] as WantedFloatingIp & { readonly description: string };
    const refused = refuseTarget(project, wanted);
    if (refused !== undefined) return refused;
    const entry = {
      id: randomUUID(),
      floating_ip_address: project.nextFloatingAddress(),
      description: wanted.description,
      port_id: wanted.port_id,
    };
    project.floatingIps.push(entry);
    return { status: 201, body: { floatingip: entry } };
  }
  const found = project.floatingIps.find((entry) => entry.id === id);
  if (found === undefined) return failure(404, `Floating IP ${id} could not be found`);
  if (method === "DELETE") {
    project.floatingIps = project.floatingIps.filter((entry) => entry !== found);
    return { status: 204 };
  }
  const wanted = body["floatingip"] as WantedFloatingIp;
  const refused = refuseTarget(project, wanted);
  if (refused !== undefined) return refused;
  found.port_id = wanted.port_id;
  return { status: 200, body: { floatingip: found } };
}

interface WantedFloatingIp {
  readonly port_id: string;
  readonly fixed_ip_address?: string;
}

function refuseTarget(project: Project, wanted: WantedFloatingIp): Reply | undefined {
  const port = project.servers
    .flatMap((server) => project.portsOf(server))
    .find(({ id }) => id === wanted.port_id);
  if (port === undefined) return failure(404, `Port ${wanted.port_id} could not be found.`);
  if (project.unrouted.has(port.network))
    return failure(
      404,
      `External network public is not reachable from subnet of ${port.network}. Therefore, cannot associate Port ${port.id} with a Floating IP.`,
    );
  if (wanted.fixed_ip_address === undefined && port.addresses.length > 1)
    return failure(
      400,
      `Bad floatingip request: Port ${port.id} has multiple fixed IPv4 addresses. Must provide a specific IPv4 address when assigning a floating IP.`,
    );
  return undefined;
}
