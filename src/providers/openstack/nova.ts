import { z } from "zod";

import type { Caller } from "../../cloud/caller.ts";
import type { OpenStackClient } from "./client.ts";
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
  /** When a hypervisor first started it; null: never yet. Some clouds do not tell. */
  "OS-SRV-USG:launched_at": z.string().nullish(),
  /** Where the cloud says that the server is reached; empty where it does not. */
  accessIPv4: z.string().nullish(),
  accessIPv6: z.string().nullish(),
  fault: z.object({ message: z.string() }).optional(),
});
/** A server as Nova tells it. */
export type NovaServer = z.output<typeof serverSchema>;

const linkSchema = z.array(z.object({ rel: z.string(), href: z.string() })).default([]);

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
  const found = await client.callIfThere(
    { service: "compute", method: "GET", path: `/servers/${id}`, what: "read a server" },
    z.object({ server: serverSchema }),
    caller,
  );
  return found?.server;
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
