import { randomUUID } from "node:crypto";

import type { SimulatorOptions } from "./simulator-options.ts";
import type { Project, SimulatedServer } from "./project.ts";
import {
  accessAddresses,
  fixedNetwork,
  rackspaceAddresses,
  refuseCreate,
} from "./rackspace-ways.ts";
import { type ApiCall, failure, type Reply } from "./reply.ts";

/** Nova, as far as it is used. Statuses and messages are those of the real one (Zed). */
export function computeApi(
  project: Project,
  options: SimulatorOptions,
  call: ApiCall,
): Reply | undefined {
  const { method, path, body } = call;
  const [, collection, id, action] = path.split("/");
  if (path === "/os-availability-zone") {
    const zones = project.zones.map((zoneName) => ({ zoneName, zoneState: { available: true } }));
    return { status: 200, body: { availabilityZoneInfo: zones } };
  }
  if (path === "/flavors/detail") return { status: 200, body: { flavors: project.flavors } };
  if (collection === "os-keypairs") return keyPairs(project, call, id);
  if (collection === "os-server-groups") return serverGroups(project, call, id);
  if (path === "/servers" && method === "POST") return create(project, options, body);
  if (path === "/servers/detail") return list(project, options, call);
  if (collection !== "servers") return undefined;
  const server = project.servers.find((one) => one.id === id && one.deletedAt === undefined);
  if (server === undefined) return failure(404, `Instance ${id} could not be found.`);
  if (action === "metadata" && method === "POST") {
    Object.assign(server.metadata, body["metadata"]);
    return { status: 200, body: { metadata: server.metadata } };
  }
  if (action === "action") return act(project, options, server, body);
  if (method === "DELETE") {
    server.deletedAt = Date.now() + (options.lagMs ?? 0) + 10;
    const ports = new Set<string | null>(project.portsOf(server).map((port) => port.id));
    for (const entry of project.floatingIps) if (ports.has(entry.port_id)) entry.port_id = null;
    return { status: 204 };
  }
  return { status: 200, body: { server: show(project, options, server) } };
}

function list(project: Project, options: SimulatorOptions, { query }: ApiCall): Reply {
  const now = Date.now();
  const limit = Number(query.get("limit") ?? "1000");
  const all = project.servers.filter(({ visibleAt }) => visibleAt <= now);
  const start = all.findIndex(({ id }) => id === query.get("marker")) + 1;
  const page = all.slice(start, start + limit);
  const isLast = start + limit >= all.length;
  return {
    status: 200,
    body: {
      servers: page.map((server) => withoutFault(show(project, options, server))),
      ...(isLast ? {} : { servers_links: [{ rel: "next", href: "elsewhere" }] }),
    },
  };
}

/** The real one keeps servers without a host in a database of their own, and tells why only when asked for the one. */
function withoutFault(
  server: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { fault: _fault, ...rest } = server;
  return rest;
}

function show(
  project: Project,
  options: SimulatorOptions,
  server: SimulatedServer,
): Readonly<Record<string, unknown>> {
  if (project.hidden.has(server.id))
    return { id: server.id, status: "UNKNOWN", created: server.created };
  const hasAddress =
    server.status !== "BUILD" && server.launchedAt !== null && server.addressAt <= Date.now();
  return {
    id: server.id,
    name: server.name,
    status: server.status,
    created: server.created,
    metadata: server.metadata,
    "OS-EXT-STS:task_state": server.deletedAt === undefined ? null : "deleting",
    ...(options.hidesLaunch === true ? {} : { "OS-SRV-USG:launched_at": server.launchedAt }),
    ...(options.isRackspace === true && hasAddress ? accessAddresses(server) : {}),
    addresses: hasAddress
      ? options.isRackspace === true
        ? rackspaceAddresses(server)
        : Object.fromEntries(
            project.portsOf(server).map(({ id, network, addresses }) => [
              network,
              [
                ...addresses.map((addr) => ({
                  addr,
                  version: addr.includes(":") ? 6 : 4,
                  "OS-EXT-IPS:type": "fixed",
                })),
                ...project.floatingIps
                  .filter(({ port_id: port }) => port === id)
                  .map(({ floating_ip_address: addr }) => ({
                    addr,
                    version: 4,
                    "OS-EXT-IPS:type": "floating",
                  })),
              ],
            ]),
          )
      : {},
    ...(server.status === "ERROR"
      ? {
          fault: {
            code: 500,
            message:
              server.launchedAt === null
                ? "No valid host was found. "
                : "libvirtError: the domain did not start",
          },
        }
      : {}),
  };
}

interface CreateBody {
  readonly name: string;
  readonly imageRef: string;
  readonly flavorRef: string;
  readonly networks: readonly { readonly uuid: string }[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly security_groups?: readonly { readonly name: string }[];
  readonly availability_zone?: string;
  readonly key_name?: string;
}

function create(
  project: Project,
  options: SimulatorOptions,
  body: Readonly<Record<string, unknown>>,
): Reply {
  const wanted = body["server"] as CreateBody;
  const flavor = project.flavors.find(({ id }) => id === wanted.flavorRef);
  if (flavor === undefined) return failure(400, `Flavor ${wanted.flavorRef} could not be found.`);
  if (wanted.imageRef !== "" && project.images.every(({ id }) => id !== wanted.imageRef))
    return failure(400, "Can not find requested image");
  const isRackspace = options.isRackspace === true;
  const refused = isRackspace ? refuseCreate({ ...wanted }) : undefined;
  if (refused !== undefined) return refused;
  const networks = wanted.networks.map(
    ({ uuid }) =>
      project.networks.find(({ id }) => id === uuid) ??
      (isRackspace ? fixedNetwork(uuid) : undefined),
  );
  if (networks.includes(undefined)) return failure(400, "Network could not be found.");
  const groups = (wanted.security_groups ?? []).map(({ name }) => name);
  const isMixed = project.networks.some(
    ({ id, port_security_enabled: isSecured }) =>
      !isSecured && wanted.networks.some(({ uuid }) => uuid === id),
  );
  if (groups.length > 0 && isMixed)
    return failure(400, "Network requires port_security_enabled and subnet associated");
  const unknown = groups.find((group) =>
    project.groups.every(({ id, name }) => id !== group && name !== group),
  );
  if (unknown !== undefined) return failure(400, `Security group ${unknown} not found`);
  if (
    project.servers.filter(({ deletedAt }) => deletedAt === undefined).length >= project.maxServers
  )
    return failure(
      403,
      "Quota exceeded for instances: Requested 1, but already used all of 1 instances",
    );
  const { availability_zone: zone, key_name: key } = wanted;
  if (zone !== undefined && !project.zones.includes(zone))
    return failure(400, "The requested availability zone is not available");
  if (key !== undefined && project.keyPairs.every(({ name }) => name !== key))
    return failure(400, "Invalid key_name provided.");
  const now = Date.now();
  const settlesAt = now + (options.buildMs ?? 20);
  const server: SimulatedServer = {
    id: randomUUID(),
    name: wanted.name,
    created: new Date(now).toISOString().replace(/\.\d+Z$/, "Z"),
    metadata: wanted.metadata ?? {},
    networks: networks.map((network) => network?.name ?? ""),
    groups,
    request: { ...wanted },
    hints: body["os:scheduler_hints"] ?? {},
    status: "BUILD",
    settlesAt,
    settlesTo: flavor.vcpus > 16 ? "ERROR" : "ACTIVE",
    addressAt: settlesAt + project.addressDelayMs,
    visibleAt: now + (options.lagMs ?? 0),
    deletedAt: undefined,
    address: project.nextAddress(),
    portId: randomUUID(),
    boots: 1,
    launchedAt: null,
  };
  project.servers.push(server);
  return { status: 202, body: { server: { id: server.id } } };
}

function act(
  project: Project,
  options: SimulatorOptions,
  server: SimulatedServer,
  body: Readonly<Record<string, unknown>>,
): Reply {
  const [name = ""] = Object.keys(body);
  if (name === "os-getConsoleOutput" && options.isRackspace !== true) {
    return {
      status: 200,
      body: {
        output: server.status === "BUILD" ? "" : project.consoleText,
      },
    };
  }
  const isHard = (body["reboot"] as { readonly type?: string } | undefined)?.type === "HARD";
  // A hard reboot is what brings a server back from ERROR, if it ever ran.
  const isBroken = isHard && server.launchedAt !== null ? ["ERROR"] : [];
  const needed = {
    reboot: ["ACTIVE", "SHUTOFF", ...isBroken],
    "os-start": ["SHUTOFF"],
    "os-stop": ["ACTIVE"],
  }[name];
  if (needed === undefined) return failure(400, `There is no such action: ${name}`);
  if (!needed.includes(server.status))
    return failure(
      409,
      `Cannot '${name}' instance ${server.id} while it is in vm_state ${server.status}`,
    );
  // Nova says ERROR until the reboot of a broken one is done.
  if (server.status !== "ERROR")
    server.status = name === "reboot" ? "REBOOT" : name === "os-start" ? "SHUTOFF" : "ACTIVE";
  server.settlesTo = name === "os-stop" ? "SHUTOFF" : "ACTIVE";
  server.settlesAt = Date.now() + 20;
  server.boots += 1;
  return { status: 202 };
}

function keyPairs(project: Project, { method, body }: ApiCall, name: string | undefined): Reply {
  if (method === "DELETE") {
    const before = project.keyPairs.length;
    project.keyPairs = project.keyPairs.filter((pair) => pair.name !== name);
    return project.keyPairs.length < before ? { status: 202 } : failure(404, "Keypair not found");
  }
  if (method === "POST") {
    const pair = body["keypair"] as { readonly name: string; readonly public_key: string };
    if (!/^[\w -]+$/.test(pair.name))
      return failure(
        400,
        "An invalid 'name' value was provided. The name must be: Only expected characters",
      );
    if (project.keyPairs.some((other) => other.name === pair.name))
      return failure(409, `Key pair '${pair.name}' already exists.`);
    project.keyPairs.push(pair);
    return { status: 201, body: { keypair: pair } };
  }
  return { status: 200, body: { keypairs: project.keyPairs.map((keypair) => ({ keypair })) } };
}

function serverGroups(project: Project, { method, body }: ApiCall, id: string | undefined): Reply {
  if (method === "DELETE") {
    project.serverGroups = project.serverGroups.filter((group) => group.id !== id);
    return { status: 204 };
  }
  if (method === "POST") {
    const wanted = body["server_group"] as { readonly name: string; readonly policy: string };
    const group = { id: randomUUID(), ...wanted };
    project.serverGroups.push(group);
    return { status: 200, body: { server_group: group } };
  }
  return { status: 200, body: { server_groups: project.serverGroups } };
}
