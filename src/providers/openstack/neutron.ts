import { z } from "zod";

import type { Caller } from "../../cloud/caller.ts";
import type { Call, OpenStackClient } from "./client.ts";

const networkSchema = z.object({
  id: z.string(),
  name: z.string(),
  subnets: z.array(z.string()).default([]),
  "router:external": z.boolean().default(false),
  port_security_enabled: z.boolean().default(true),
});
export type NeutronNetwork = z.output<typeof networkSchema>;

const ruleSchema = z.object({
  id: z.string(),
  direction: z.enum(["ingress", "egress"]),
  ethertype: z.string(),
  protocol: z.string().nullable(),
  port_range_min: z.number().nullable(),
  port_range_max: z.number().nullable(),
  remote_ip_prefix: z.string().nullable(),
  remote_group_id: z.string().nullable(),
  /** Of the clouds that have groups of addresses. */
  remote_address_group_id: z.string().nullish(),
});
export type NeutronRule = z.output<typeof ruleSchema>;

const groupSchema = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string().nullish(),
  project_id: z.string().nullish(),
  created_at: z.string().nullish(),
  security_group_rules: z.array(ruleSchema).default([]),
});
export type NeutronGroup = z.output<typeof groupSchema>;

const floatingIpSchema = z.object({
  id: z.string(),
  floating_ip_address: z.string(),
  port_id: z.string().nullable(),
  description: z.string().nullish(),
});
export type NeutronFloatingIp = z.output<typeof floatingIpSchema>;

const portSchema = z.object({
  id: z.string(),
  network_id: z.string(),
  fixed_ips: z.array(z.object({ ip_address: z.string() })).default([]),
});
export type NeutronPort = z.output<typeof portSchema>;

/** Where a floating address leads to: a port may have several addresses of its own. */
export interface FloatingTarget {
  readonly port: string;
  readonly address: string;
}

/** One kind of thing that Neutron lists. */
interface Listing<Item> {
  readonly collection: string;
  readonly item: z.ZodType<Item>;
  readonly query?: Call["query"];
  readonly what: string;
}

/** All of a list: where the cloud has a limit for one page, page after page. */
async function listAll<Item extends { readonly id: string }>(
  client: OpenStackClient,
  { collection, item, query, what }: Listing<Item>,
  caller: Caller,
): Promise<readonly Item[]> {
  const key = collection.replaceAll("-", "_");
  const itemsSchema = z.array(item);
  const linksSchema = z.array(z.object({ rel: z.string() })).default([]);
  const schema = z.object({ [key]: itemsSchema, [`${key}_links`]: linksSchema });
  const all: Item[] = [];
  for (let marker: string | undefined; ;) {
    const page = await client.call(
      {
        service: "network",
        method: "GET",
        path: `/${collection}`,
        query: { ...query, marker },
        what,
      },
      schema,
      caller,
    );
    const items = page[key] as z.output<typeof itemsSchema>;
    const links = page[`${key}_links`] as z.output<typeof linksSchema>;
    all.push(...items);
    const last = items.at(-1);
    if (last === undefined || links.every(({ rel }) => rel !== "next")) return all;
    marker = last.id;
  }
}

export async function listNetworks(
  client: OpenStackClient,
  caller: Caller,
): Promise<readonly NeutronNetwork[]> {
  const what = "list the networks";
  return await listAll(client, { collection: "networks", item: networkSchema, what }, caller);
}

/** The project's groups of this name: Neutron allows several. */
export async function listGroups(
  client: OpenStackClient,
  name: string,
  caller: Caller,
): Promise<readonly NeutronGroup[]> {
  return await listAll(
    client,
    {
      collection: "security-groups",
      item: groupSchema,
      // An administrator's list shows every project's.
      query: { name, project_id: await client.projectId(caller) },
      what: `look for the security group ${name}`,
    },
    caller,
  );
}

/** All groups that the project may use, those of other projects that are shared with it included. */
export async function listProjectGroups(
  client: OpenStackClient,
  caller: Caller,
): Promise<readonly NeutronGroup[]> {
  const what = "list the security groups";
  return await listAll(client, { collection: "security-groups", item: groupSchema, what }, caller);
}

export async function createGroup(
  client: OpenStackClient,
  wanted: { readonly name: string; readonly description: string },
  caller: Caller,
): Promise<NeutronGroup> {
  const { security_group: group } = await client.call(
    {
      service: "network",
      method: "POST",
      path: "/security-groups",
      body: { security_group: wanted },
      what: `create the security group ${wanted.name}`,
    },
    z.object({ security_group: groupSchema }),
    caller,
  );
  return group;
}

export async function deleteGroup(
  client: OpenStackClient,
  group: NeutronGroup,
  caller: Caller,
): Promise<void> {
  await client.tellIfThere(
    {
      service: "network",
      method: "DELETE",
      path: `/security-groups/${group.id}`,
      what: `delete the security group ${group.name}`,
    },
    caller,
  );
}

/** Adds rules, all in one call. */
export async function createRules(
  client: OpenStackClient,
  rules: readonly Omit<NeutronRule, "id">[],
  group: NeutronGroup,
  caller: Caller,
): Promise<void> {
  const body = rules.map((rule) => ({ ...rule, security_group_id: group.id }));
  await client.tell(
    {
      service: "network",
      method: "POST",
      path: "/security-group-rules",
      body: { security_group_rules: body },
      what: `open ports in the security group ${group.name}`,
    },
    caller,
  );
}

export async function deleteRule(
  client: OpenStackClient,
  rule: { readonly id: string },
  group: NeutronGroup,
  caller: Caller,
): Promise<void> {
  await client.tellIfThere(
    {
      service: "network",
      method: "DELETE",
      path: `/security-group-rules/${rule.id}`,
      what: `close ports in the security group ${group.name}`,
    },
    caller,
  );
}

/** The ports of one server. */
export async function listPorts(
  client: OpenStackClient,
  serverId: string,
  caller: Caller,
): Promise<readonly NeutronPort[]> {
  return await listAll(
    client,
    {
      collection: "ports",
      item: portSchema,
      query: { device_id: serverId },
      what: "find the server's port",
    },
    caller,
  );
}

export async function listFloatingIps(
  client: OpenStackClient,
  caller: Caller,
): Promise<readonly NeutronFloatingIp[]> {
  return await listAll(
    client,
    {
      collection: "floatingips",
      item: floatingIpSchema,
      query: { project_id: await client.projectId(caller) },
      what: "list the floating addresses",
    },
    caller,
  );
}

/** Sends the create once. @throws AnswerLostError */
export async function createFloatingIp(
  client: OpenStackClient,
  wanted: {
    readonly networkId: string;
    readonly target: FloatingTarget;
    readonly description: string;
  },
  caller: Caller,
): Promise<void> {
  await client.tell(
    {
      service: "network",
      method: "POST",
      path: "/floatingips",
      body: {
        floatingip: {
          floating_network_id: wanted.networkId,
          port_id: wanted.target.port,
          fixed_ip_address: wanted.target.address,
          description: wanted.description,
        },
      },
      what: "create a floating address",
    },
    caller,
  );
}

export async function attachFloatingIp(
  client: OpenStackClient,
  id: string,
  { port, address }: FloatingTarget,
  caller: Caller,
): Promise<void> {
  await client.tell(
    {
      service: "network",
      method: "PUT",
      path: `/floatingips/${id}`,
      body: { floatingip: { port_id: port, fixed_ip_address: address } },
      what: "attach a floating address",
    },
    caller,
  );
}

export async function deleteFloatingIp(
  client: OpenStackClient,
  id: string,
  caller: Caller,
): Promise<void> {
  await client.tellIfThere(
    {
      service: "network",
      method: "DELETE",
      path: `/floatingips/${id}`,
      what: "delete a floating address",
    },
    caller,
  );
}
