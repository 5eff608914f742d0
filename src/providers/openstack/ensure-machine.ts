import { awaitServer } from "../../cloud/await-server.ts";
import { machineName } from "../../cloud/names.ts";
import { ProviderError, RefusedError } from "../../errors/error.ts";
import type { Machine, MachineRequest, ProviderContext } from "../contract.ts";
import type { Cloud } from "./cloud.ts";
import { createMachine } from "./create-machine.ts";
import { formerLifeOf, machineFailed } from "./failed-machine.ts";
import { chooseExternal, ensureFloatingIp } from "./floating-ips.ts";
import {
  hasFloatingAddress,
  isGoing,
  isOf,
  isUnreadable,
  oldestFirst,
  statusOf,
  toMachine,
} from "./marks.ts";
import {
  actOnServer,
  deleteServer,
  type NovaServer,
  readServer,
  type ServerAction,
  withReason,
} from "./nova.ts";
import type { OpenStackSettings } from "./options.ts";

/** How often a server that never ran is replaced in one run. */
const MAX_REPLACEMENTS = 2;

/** Look, create if missing, bring in line, return. */
export async function ensureMachine(
  cloud: Cloud,
  settings: OpenStackSettings,
  request: MachineRequest,
  context: ProviderContext,
): Promise<Machine> {
  for (let replacements = 0; ; replacements += 1) {
    const found = await findOwn(cloud, settings, request.server, context);
    const madeNow =
      found === undefined ? await createMachine(cloud, settings, request, context) : undefined;
    const server = await settle(
      cloud,
      settings,
      request.server,
      context,
      (entry) => statusOf(entry) !== "creating",
    );
    if (statusOf(server) !== "failed")
      return await bringUp(cloud, settings, server, request.server, context);
    const failed = await withReason(cloud.client, server, context);
    const life = formerLifeOf(failed, madeNow);
    const mayReplace =
      settings.onError === "replace" && life === "never ran" && replacements < MAX_REPLACEMENTS;
    if (!mayReplace) throw machineFailed(failed, request.server, life, replacements);
    context.progress(`replacing the server: ${failed.fault?.message ?? "ERROR"}`);
    await removeServers(cloud, settings, [server], context);
  }
}

/** Our server of this name; waits for one that is going. @throws RefusedError NOT_OURS */
async function findOwn(
  cloud: Cloud,
  settings: OpenStackSettings,
  server: string,
  context: ProviderContext,
): Promise<NovaServer | undefined> {
  const { stack } = context;
  const name = machineName(stack, server);
  const servers = await cloud.watch.fresh(context);
  const own = servers.filter((entry) => isOf(entry, stack, server));
  const [first] = oldestFirst(own.filter((entry) => !isGoing(entry)));
  if (first !== undefined) return first;
  if (servers.some(isUnreadable)) throw mayBeHidden(server);
  if (own.length > 0) await waitUntilGone(cloud, settings, own, context);
  const madeHere = cloud.made.get(name);
  if (madeHere !== undefined) {
    // A list may lag behind; the server itself answers at once.
    const made = await readServer(cloud.client, madeHere, context);
    if (made !== undefined && !isGoing(made)) return made;
    cloud.made.delete(name);
  }
  if (servers.some((entry) => entry.name === name && !own.includes(entry))) {
    throw new RefusedError(
      "NOT_OURS",
      `A server ${name} exists at the cloud, without our metadata.`,
      {
        server,
      },
    );
  }
  return undefined;
}

/** Starts what is stopped, and gives it its addresses. */
async function bringUp(
  cloud: Cloud,
  settings: OpenStackSettings,
  found: NovaServer,
  server: string,
  context: ProviderContext,
): Promise<Machine> {
  if (found.status === "RESCUE") throw inRescue(server);
  const action = startOf(found);
  if (action !== undefined) {
    context.progress(`starting (it is ${found.status})`);
    await actOnServer(cloud.client, found, action, context);
  }
  const hasAddress = (entry: NovaServer): boolean => {
    // The floating one comes after.
    const { status, publicAddresses } = toMachine(entry, { ...settings, floatingIps: false });
    return status === "failed" || (status === "running" && publicAddresses.length > 0);
  };
  let ready = await settle(cloud, settings, server, context, hasAddress);
  if (
    settings.floatingIps !== false &&
    statusOf(ready) === "running" &&
    !hasFloatingAddress(ready)
  ) {
    context.progress("giving it a floating address");
    const networks = await cloud.networks(context);
    const network = chooseExternal(settings.floatingIps, networks);
    const accessNetwork = networks.find(({ name }) => name === settings.accessNetwork)?.id;
    const where = { stack: context.stack, server, serverId: ready.id, accessNetwork };
    await ensureFloatingIp(cloud.client, where, network, context);
    ready = await settle(
      cloud,
      settings,
      server,
      context,
      (entry) => statusOf(entry) === "failed" || hasFloatingAddress(entry),
    );
  }
  if (statusOf(ready) === "failed") {
    const failed = await withReason(cloud.client, ready, context);
    throw machineFailed(failed, server, formerLifeOf(failed, undefined), 0);
  }
  const machine = toMachine(ready, settings);
  if (machine.status === "failed") {
    throw new ProviderError("MACHINE_FAILED", `${server}: ${machine.detail}.`, {
      server,
      hint: "Ask the cloud's support, who see why. `bootmachine destroy --server` removes it; the next `up` makes a new one.",
    });
  }
  return machine;
}

/**
 * Waits for our server to be as claimed. Of two (a create whose answer was lost came through after all) the older
 * one stays.
 *
 * @throws TimeoutError; ProviderError PROVIDER_NOT_FOUND where it vanished.
 */
async function settle(
  cloud: Cloud,
  settings: OpenStackSettings,
  server: string,
  context: ProviderContext,
  claim: (server: NovaServer) => boolean,
): Promise<NovaServer> {
  const began = Date.now();
  let wasSeen = false;
  let last = "not seen yet";
  const look = (servers: readonly NovaServer[]): readonly NovaServer[] | undefined => {
    const own = oldestFirst(
      servers.filter((entry) => isOf(entry, context.stack, server) && !isGoing(entry)),
    );
    const [first] = own;
    if (first === undefined) {
      if (!wasSeen || servers.some(isUnreadable)) return undefined;
      throw new ProviderError("PROVIDER_NOT_FOUND", `${server} vanished while it was awaited.`, {
        server,
        hint: "Somebody deleted it at the cloud. The next `up` makes a new one.",
      });
    }
    wasSeen = true;
    last = toMachine(first, settings).detail ?? stateOf(first, settings.accessNetwork);
    if (claim(first)) return own;
    context.progress(
      `waiting for the machine: ${last} (${Math.round((Date.now() - began) / 1000)} s)`,
    );
    return undefined;
  };
  return await awaitServer(
    cloud.watch,
    {
      server,
      limitMs: settings.bootTimeoutMs,
      claim: look,
      remove: async (others) => await removeServers(cloud, settings, others, context),
    },
    context,
  );
}

function stateOf({ status, addresses }: NovaServer, accessNetwork: string | undefined): string {
  const networks = Object.keys(addresses);
  const isElsewhere =
    accessNetwork !== undefined && networks.length > 0 && !networks.includes(accessNetwork);
  return isElsewhere
    ? `${status}, on ${networks.join(", ")} and not on ${accessNetwork} (accessNetwork)`
    : status;
}

/** Deletes servers and waits until Nova shows them no more. */
export async function removeServers(
  cloud: Cloud,
  settings: OpenStackSettings,
  servers: readonly NovaServer[],
  context: ProviderContext,
): Promise<void> {
  for (const server of servers) {
    if (!isGoing(server)) await deleteServer(cloud.client, server, context);
  }
  await waitUntilGone(cloud, settings, servers, context);
  const ids = new Set(servers.map(({ id }) => id));
  for (const [name, id] of cloud.made) if (ids.has(id)) cloud.made.delete(name);
}

async function waitUntilGone(
  cloud: Cloud,
  settings: OpenStackSettings,
  servers: readonly NovaServer[],
  context: ProviderContext,
): Promise<void> {
  if (servers.length === 0) return;
  const ids = new Set(servers.map(({ id }) => id));
  await cloud.watch.until(
    {
      claim: (now) => (now.some(({ id }) => ids.has(id)) ? undefined : true),
      limitMs: settings.bootTimeoutMs,
      what: `${servers.map(({ name }) => name).join(", ")} did not go away (bootTimeoutMs)`,
    },
    context,
  );
}

function startOf(server: NovaServer): ServerAction | undefined {
  switch (server.status) {
    case "SHUTOFF":
      return { "os-start": null };
    case "PAUSED":
      return { unpause: null };
    case "SUSPENDED":
      return { resume: null };
    case "SHELVED":
    case "SHELVED_OFFLOADED":
      return { unshelve: null };
    default:
      return undefined;
  }
}

function inRescue(server: string): ProviderError {
  return new ProviderError("PROVIDER_CONFLICT", `${server} is in rescue mode.`, {
    server,
    hint: "Somebody works on its disk. `openstack server unrescue` ends that; then run `bootmachine up` again.",
  });
}

/** A part of the cloud does not answer: ours may be among the servers that it keeps. */
export function mayBeHidden(server: string): ProviderError {
  return new ProviderError(
    "PROVIDER_UNAVAILABLE",
    `OpenStack tells nothing of some of its servers now, and ${server} may be one of them.`,
    {
      server,
      hint: "A cell of its Nova is down: `openstack server list` shows such servers as UNKNOWN. Run the command again when it is back; nothing was changed.",
    },
  );
}
