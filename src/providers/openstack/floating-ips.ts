import { AnswerLostError } from "../../cloud/answer-lost-error.ts";
import type { Caller } from "../../cloud/caller.ts";
import { markedServer, markOf } from "../../cloud/names.ts";
import { ProviderError } from "../../errors/error.ts";
import type { Leftover, ProviderContext } from "../contract.ts";
import type { Cloud } from "./cloud.ts";
import type { OpenStackClient } from "./client.ts";
import { isNotFound } from "./failures.ts";
import { isOf, isUnreadable, toMachine } from "./marks.ts";
import {
  attachFloatingIp,
  createFloatingIp,
  deleteFloatingIp,
  type FloatingTarget,
  listFloatingIps,
  listPorts,
  type NeutronFloatingIp,
  type NeutronNetwork,
  type NeutronPort,
} from "./neutron.ts";

/** The external network from which addresses come. @throws ProviderError PROVIDER_NOT_FOUND, with what there is */
export function chooseExternal(
  wish: true | string,
  networks: readonly NeutronNetwork[],
): NeutronNetwork {
  const external = networks.filter((network) => network["router:external"]);
  const fitting = external.filter(({ name, id }) => wish === true || name === wish || id === wish);
  const [only, ...others] = fitting;
  if (only !== undefined && others.length === 0) return only;
  const names = external.map(({ name }) => name).join(", ");
  throw new ProviderError(
    "PROVIDER_NOT_FOUND",
    only === undefined
      ? `OpenStack has no external network${wish === true ? "" : ` ${wish}`}.`
      : "OpenStack has several external networks, and none is named.",
    {
      hint: names === "" ? "Floating addresses need one." : `Set floatingIps to one of: ${names}.`,
    },
  );
}

interface Where {
  readonly stack: string;
  readonly server: string;
  readonly serverId: string;
  /** Its port is tried first. */
  readonly accessNetwork: string | undefined;
}

/**
 * Gives the server a floating address, unless one is on its way. An address of ours that is loose is taken first. Of
 * several ports only those lead anywhere whose network has a router to the external one: they are tried in turn.
 */
export async function ensureFloatingIp(
  client: OpenStackClient,
  where: Where,
  network: NeutronNetwork,
  caller: Caller,
): Promise<void> {
  const description = markOf(where.stack, where.server);
  const [ports, all] = await Promise.all([
    listPorts(client, where.serverId, caller),
    listFloatingIps(client, caller),
  ]);
  const own = all.filter((entry) => entry.description === description);
  if (own.some((entry) => ports.some(({ id }) => id === entry.port_id))) return;
  const targets = ports
    .toSorted((one, other) => isFirst(other, where) - isFirst(one, where))
    .flatMap(({ id: port, fixed_ips: ips }) =>
      ips.map(({ ip_address: address }): FloatingTarget => ({ port, address })),
    )
    .filter(({ address }) => !address.includes(":"));
  const loose = own.find((entry) => entry.port_id === null);
  let refusal = new ProviderError(
    "PROVIDER_NOT_FOUND",
    `${where.server} has no IPv4 address that a floating one could lead to.`,
    {
      hint: "Add a network with IPv4 to networks; or leave out floatingIps: the servers are reached at their own addresses then.",
    },
  );
  for (const target of targets) {
    try {
      if (loose !== undefined) await attachFloatingIp(client, loose.id, target, caller);
      else await create(client, { networkId: network.id, target, description }, caller);
      return;
    } catch (thrown) {
      // "External network … is not reachable from subnet …": nothing was made.
      if (!(thrown instanceof ProviderError) || !isNotFound(thrown)) throw thrown;
      refusal = thrown;
    }
  }
  throw refusal;
}

const isFirst = (port: NeutronPort, { accessNetwork }: Where): number =>
  Number(port.network_id === accessNetwork);

async function create(
  client: OpenStackClient,
  wanted: Parameters<typeof createFloatingIp>[1],
  caller: Caller,
): Promise<void> {
  try {
    await createFloatingIp(client, wanted, caller);
  } catch (thrown) {
    if (!(thrown instanceof AnswerLostError)) throw thrown;
    const isThere = (await listFloatingIps(client, caller)).some(
      (entry) => entry.description === wanted.description && entry.port_id === wanted.target.port,
    );
    if (!isThere) throw thrown;
  }
}

/** The floating addresses that were made for servers of a stack, each with its server. */
async function listMarked(
  client: OpenStackClient,
  stack: string,
  caller: Caller,
): Promise<readonly (NeutronFloatingIp & { readonly server: string })[]> {
  const all = await listFloatingIps(client, caller).catch((thrown: unknown) => {
    // A cloud without such addresses has none of ours; and who may not see any has made none.
    const isRefused = thrown instanceof ProviderError && thrown.code === "PROVIDER_AUTH";
    if (isRefused || isNotFound(thrown)) return [];
    throw thrown;
  });
  return all.flatMap((entry) => {
    const server = markedServer(stack, entry.description);
    return server === undefined ? [] : [{ ...entry, server }];
  });
}

/** The floating addresses of servers that are no more. */
export async function listLeftovers(
  cloud: Pick<Cloud, "client" | "watch">,
  context: ProviderContext,
): Promise<readonly Leftover[]> {
  const { stack } = context;
  const [servers, addresses] = await Promise.all([
    cloud.watch.fresh(context),
    listMarked(cloud.client, stack, context),
  ]);
  // What belongs to a server that is hidden now is not left over.
  if (servers.some(isUnreadable)) return [];
  const present = new Set(
    servers.filter((entry) => isOf(entry, stack)).map((entry) => toMachine(entry, {}).server),
  );
  return addresses
    .filter(({ server }) => !present.has(server))
    .map(({ server, floating_ip_address: name }) => ({ kind: "floating address", name, server }));
}

/** Removes the floating addresses that were made for one server. @returns how many there were. */
export async function removeFloatingIps(
  client: OpenStackClient,
  stack: string,
  server: string,
  caller: Caller,
): Promise<number> {
  const own = (await listMarked(client, stack, caller)).filter((entry) => entry.server === server);
  for (const { id } of own) await deleteFloatingIp(client, id, caller);
  return own.length;
}
