import { z } from "zod";

import type { Caller } from "../../cloud/caller.ts";
import { isNotFound, type OpenStackClient } from "./client.ts";
import { ProviderError } from "../../errors/error.ts";

const addressSchema = z.object({
  addr: z.string(),
  version: z.union([z.literal(4), z.literal(6)]),
  "OS-EXT-IPS:type": z.string().optional(),
});

const serverSchema = z.object({
  id: z.string(),
  /** Empty, as is what follows, while the cell that knows the server is down. */
  name: z.string().default(""),
  status: z.string(),
  created: z.string().default(""),
  metadata: z.record(z.string(), z.string()).default({}),
  /** By the network's name. */
  addresses: z.record(z.string(), z.array(addressSchema)).default({}),
  "OS-EXT-STS:task_state": z.string().nullish(),
  /** Where the cloud says that the server is reached; empty where it does not. */
  accessIPv4: z.string().nullish(),
  fault: z.object({ message: z.string() }).optional(),
});
/** A server as Nova tells it. */
export type NovaServer = z.output<typeof serverSchema>;

const linkSchema = z.array(z.object({ rel: z.string(), href: z.string() })).default([]);

const flavorSchema = z.object({
  id: z.string(),
  name: z.string(),
  vcpus: z.number(),
  /** MiB. */
  ram: z.number(),
  /** GiB; 0: as large as the image, or none. */
  disk: z.number(),
  "OS-FLV-DISABLED:disabled": z.boolean().optional(),
});
export type NovaFlavor = z.output<typeof flavorSchema>;

const keyPairSchema = z.object({ name: z.string(), public_key: z.string() });

const serverGroupSchema = z.object({ id: z.string(), name: z.string() });

/** The body of a create, without its envelope. https://docs.openstack.org/api-ref/compute/#create-server */
export interface NovaServerRequest {
  readonly name: string;
  readonly imageRef: string;
  readonly flavorRef: string;
  readonly networks: readonly { readonly uuid: string }[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Base64. */
  readonly user_data: string;
  readonly config_drive: boolean;
  readonly security_groups?: readonly { readonly name: string }[];
  readonly key_name?: string;
  readonly availability_zone?: string;
  readonly block_device_mapping_v2?: readonly Readonly<Record<string, unknown>>[];
}

const PAGE = 1000;

/** All servers of the project. One call for up to a thousand. */
export async function listServers(
  client: OpenStackClient,
  caller: Caller,
): Promise<readonly NovaServer[]> {
  const schema = z.object({ servers: z.array(serverSchema), servers_links: linkSchema });
  const servers: NovaServer[] = [];
  for (let marker: string | undefined; ;) {
    const page = await client.call(
      {
        service: "compute",
        method: "GET",
        path: "/servers/detail",
        query: { limit: PAGE, marker },
        what: "list the servers",
      },
      schema,
      caller,
    );
    servers.push(...page.servers);
    const last = page.servers.at(-1);
    if (last === undefined || page.servers_links.every(({ rel }) => rel !== "next")) return servers;
    marker = last.id;
  }
}

/** Undefined where it is not there (any more). */
export async function readServer(
  client: OpenStackClient,
  id: string,
  caller: Caller,
): Promise<NovaServer | undefined> {
  const call = {
    service: "compute",
    method: "GET",
    path: `/servers/${id}`,
    what: "read a server",
  } as const;
  try {
    return (await client.call(call, z.object({ server: serverSchema }), caller)).server;
  } catch (thrown) {
    if (isNotFound(thrown)) return undefined;
    throw thrown;
  }
}

/** A server in the state ERROR with its reason: lists of Nova leave it out where no host was found. */
export async function withReason(
  client: OpenStackClient,
  server: NovaServer,
  caller: Caller,
): Promise<NovaServer> {
  if (server.status !== "ERROR" || server.fault !== undefined) return server;
  return (await readServer(client, server.id, caller)) ?? server;
}

/** Sends the create once. @returns the id. @throws AnswerLostError where nobody knows whether it was carried out. */
export async function createServer(
  client: OpenStackClient,
  request: NovaServerRequest,
  serverGroup: string | undefined,
  caller: Caller,
): Promise<string> {
  const { server } = await client.call(
    {
      service: "compute",
      method: "POST",
      path: "/servers",
      body: {
        server: request,
        ...(serverGroup === undefined ? {} : { "os:scheduler_hints": { group: serverGroup } }),
      },
      what: `create the server ${request.name}`,
      mustFinish: true,
    },
    z.object({ server: z.object({ id: z.string() }) }),
    caller,
  );
  return server.id;
}

/** False where it was not there. */
export async function deleteServer(
  client: OpenStackClient,
  { id, name }: Pick<NovaServer, "id" | "name">,
  caller: Caller,
): Promise<boolean> {
  return await client.tellIfThere(
    {
      service: "compute",
      method: "DELETE",
      path: `/servers/${id}`,
      what: `delete the server ${name}`,
    },
    caller,
  );
}

/** Adds metadata to a server, or changes them; others stay. */
export async function writeMetadata(
  client: OpenStackClient,
  { id, name }: Pick<NovaServer, "id" | "name">,
  metadata: Readonly<Record<string, string>>,
  caller: Caller,
): Promise<void> {
  await client.tell(
    {
      service: "compute",
      method: "POST",
      path: `/servers/${id}/metadata`,
      body: { metadata },
      what: `write metadata of the server ${name}`,
      isRepeatable: true,
    },
    caller,
  );
}

export type ServerAction =
  | { readonly reboot: { readonly type: "SOFT" | "HARD" } }
  | { readonly "os-start": null }
  | { readonly unpause: null }
  | { readonly resume: null }
  | { readonly unshelve: null };

/** Does an action; one that another call has begun already is done as well. */
export async function actOnServer(
  client: OpenStackClient,
  { id, name }: Pick<NovaServer, "id" | "name">,
  action: ServerAction,
  caller: Caller,
): Promise<void> {
  const verb = Object.keys(action)[0]?.replace("os-", "") ?? "act on";
  const call = {
    service: "compute",
    method: "POST",
    path: `/servers/${id}/action`,
    body: action,
    what: `${verb} the server ${name}`,
    isRepeatable: true,
  } as const;
  try {
    await client.tell(call, caller);
  } catch (thrown) {
    const isUnderWay = thrown instanceof ProviderError && thrown.code === "PROVIDER_CONFLICT";
    if (!isUnderWay) throw thrown;
    const now = await readServer(client, id, caller);
    if (now?.["OS-EXT-STS:task_state"] === undefined || now["OS-EXT-STS:task_state"] === null)
      if (now?.status !== "ACTIVE" || "reboot" in action) throw thrown;
  }
}

/** The console log; empty where there is none yet. */
export async function readConsole(
  client: OpenStackClient,
  { id, name }: Pick<NovaServer, "id" | "name">,
  caller: Caller,
): Promise<string> {
  const call = {
    service: "compute",
    method: "POST",
    path: `/servers/${id}/action`,
    body: { "os-getConsoleOutput": {} },
    what: `read the console of ${name}`,
    isRepeatable: true,
  } as const;
  try {
    return (
      (await client.call(call, z.object({ output: z.string().nullable() }), caller)).output ?? ""
    );
  } catch (thrown) {
    // "Instance is not ready": it has none before it is built.
    if (thrown instanceof ProviderError && thrown.code === "PROVIDER_CONFLICT") return "";
    throw thrown;
  }
}

export async function listFlavors(
  client: OpenStackClient,
  caller: Caller,
): Promise<readonly NovaFlavor[]> {
  const { flavors } = await client.call(
    {
      service: "compute",
      method: "GET",
      path: "/flavors/detail",
      query: { limit: PAGE },
      what: "list the flavors",
    },
    z.object({ flavors: z.array(flavorSchema) }),
    caller,
  );
  return flavors.filter((flavor) => flavor["OS-FLV-DISABLED:disabled"] !== true);
}

export async function listKeyPairs(
  client: OpenStackClient,
  caller: Caller,
): Promise<readonly z.output<typeof keyPairSchema>[]> {
  const { keypairs } = await client.call(
    { service: "compute", method: "GET", path: "/os-keypairs", what: "list the key pairs" },
    z.object({ keypairs: z.array(z.object({ keypair: keyPairSchema })) }),
    caller,
  );
  return keypairs.map(({ keypair }) => keypair);
}

export async function createKeyPair(
  client: OpenStackClient,
  name: string,
  publicKey: string,
  caller: Caller,
): Promise<void> {
  await client.tell(
    {
      service: "compute",
      method: "POST",
      path: "/os-keypairs",
      body: { keypair: { name, public_key: publicKey } },
      what: `import the key pair ${name}`,
    },
    caller,
  );
}

export async function deleteKeyPair(
  client: OpenStackClient,
  name: string,
  caller: Caller,
): Promise<void> {
  await client.tellIfThere(
    {
      service: "compute",
      method: "DELETE",
      path: `/os-keypairs/${name}`,
      what: `delete the key pair ${name}`,
    },
    caller,
  );
}

export async function listServerGroups(
  client: OpenStackClient,
  caller: Caller,
): Promise<readonly z.output<typeof serverGroupSchema>[]> {
  const { server_groups: groups } = await client.call(
    {
      service: "compute",
      method: "GET",
      path: "/os-server-groups",
      what: "list the server groups",
    },
    z.object({ server_groups: z.array(serverGroupSchema) }),
    caller,
  );
  return groups;
}

/** @returns the id. */
export async function createServerGroup(
  client: OpenStackClient,
  name: string,
  policy: string,
  caller: Caller,
): Promise<string> {
  // From 2.64 on it is one `policy`; the older list is refused there. Both are known to no version.
  const create = async (body: Readonly<Record<string, unknown>>): Promise<string> => {
    const { server_group: group } = await client.call(
      {
        service: "compute",
        method: "POST",
        path: "/os-server-groups",
        body: { server_group: { name, ...body } },
        what: `create the server group ${name}`,
      },
      z.object({ server_group: serverGroupSchema }),
      caller,
    );
    return group.id;
  };
  try {
    return await create({ policy });
  } catch (thrown) {
    if (!(thrown instanceof ProviderError) || thrown.code !== "PROVIDER_REFUSED") throw thrown;
    return await create({ policies: [policy] });
  }
}

export async function deleteServerGroup(
  client: OpenStackClient,
  id: string,
  caller: Caller,
): Promise<void> {
  await client.tellIfThere(
    {
      service: "compute",
      method: "DELETE",
      path: `/os-server-groups/${id}`,
      what: "delete a server group",
    },
    caller,
  );
}
