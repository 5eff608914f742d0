import type { Caller } from "../../cloud/caller.ts";
import { ProviderError, UserError } from "../../errors/error.ts";
import { suggestWord } from "../../stack/suggest.ts";
import type { Cloud } from "./cloud.ts";
import { listProjectGroups, type NeutronGroup, type NeutronNetwork } from "./neutron.ts";
import { listZones } from "./nova-choices.ts";
import { listKeyPairs } from "./nova-key-pairs.ts";
import type { OpenStackSettings } from "./options.ts";

/** Where a new server is put, of what is there already. */
export interface Placement {
  /** In the order of the server's interfaces. */
  readonly networks: readonly NeutronNetwork[];
  /** Whether a create may name security groups. */
  readonly takesGroups: boolean;
  /** Ids of the user's own security groups. */
  readonly groups: readonly string[];
}

/**
 * Finds what the options name, before anything is made. Each is asked for once in a run, and only where it is named.
 *
 * @throws UserError CONFIG_INVALID for networks that cannot be had together; ProviderError PROVIDER_NOT_FOUND, with near names
 */
export async function choosePlacement(
  cloud: Cloud,
  settings: OpenStackSettings,
  caller: Caller,
): Promise<Placement> {
  const [networks, groups] = await Promise.all([
    cloud.serverNetworks(settings.networks, caller),
    chooseGroups(cloud, settings.securityGroups, caller),
    refuseUnknownZone(cloud, settings.availabilityZone, caller),
    refuseUnknownKeyPair(cloud, settings.keyPair, caller),
  ]);
  refuseAccessElsewhere(settings.accessNetwork, networks);
  refuseWithoutGroups(settings, networks);
  return { networks, groups, takesGroups: networks.some(takesGroups) };
}

async function chooseGroups(
  cloud: Cloud,
  words: readonly string[],
  caller: Caller,
): Promise<readonly string[]> {
  if (words.length === 0) return [];
  const [all, project] = await Promise.all([
    cloud.shared(
      "security groups",
      caller,
      async () => await listProjectGroups(cloud.client, caller),
    ),
    cloud.client.projectId(caller),
  ]);
  return words.map((word) => {
    const byId = all.find(({ id }) => id === word);
    const named = byId === undefined ? all.filter(({ name }) => name === word) : [byId];
    // Others' that are shared with the project come after its own; an administrator's list shows every project's.
    const own = named.filter(({ project_id: owner }) => owner === project);
    const [only, ...others] = own.length > 0 ? own : named;
    if (only === undefined)
      throw notFound("security group", word, all.map(nameOf), "security groups");
    if (others.length === 0) return only.id;
    throw new ProviderError("PROVIDER_CONFLICT", `OpenStack has several security groups ${word}.`, {
      hint: `Name the one that is meant by its id in securityGroups: ${[only, ...others].map(({ id }) => id).join(", ")}.`,
    });
  });
}

const nameOf = ({ name }: Pick<NeutronGroup, "name">): string => name;

/** An administrator may name a host behind the zone: `zone:host`. */
async function refuseUnknownZone(
  cloud: Cloud,
  wish: string | undefined,
  caller: Caller,
): Promise<void> {
  if (wish === undefined) return;
  const [zone = ""] = wish.split(":");
  const zones = await cloud.shared(
    "zones",
    caller,
    async () => await listZones(cloud.client, caller),
  );
  if (!zones.includes(zone)) throw notFound("availability zone", zone, zones, "availability zones");
}

async function refuseUnknownKeyPair(
  cloud: Cloud,
  wish: OpenStackSettings["keyPair"],
  caller: Caller,
): Promise<void> {
  if (typeof wish === "boolean") return;
  const pairs = await cloud.shared(
    "key pairs",
    caller,
    async () => await listKeyPairs(cloud.client, caller),
  );
  const names = pairs.map(({ name }) => name);
  if (!names.includes(wish)) throw notFound("key pair", wish, names, "key pairs");
}

function notFound(
  kind: string,
  word: string,
  known: readonly string[],
  plural: string,
): ProviderError {
  return new ProviderError("PROVIDER_NOT_FOUND", `OpenStack has no ${kind} ${word}.`, {
    hint: suggestWord(word, [...new Set(known)], plural),
  });
}

/** Else the server's address would be waited for, and never come. */
function refuseAccessElsewhere(
  accessNetwork: string | undefined,
  networks: readonly NeutronNetwork[],
): void {
  const names = networks.map(({ name }) => name);
  if (accessNetwork === undefined || names.includes(accessNetwork)) return;
  const meant = networks.find(({ id }) => id === accessNetwork)?.name;
  throw new UserError(
    "CONFIG_INVALID",
    `The servers are not on the network ${accessNetwork}, on which accessNetwork says that they are reached.`,
    {
      hint:
        meant === undefined
          ? `${suggestWord(accessNetwork, names, "networks of the servers")} Set accessNetwork to one of them, or add it to networks.`
          : `It is given by name, not by id: accessNetwork: "${meant}".`,
    },
  );
}

/** Nova refuses groups on a network that has them switched off, or that has no subnet. */
function takesGroups(network: NeutronNetwork): boolean {
  return network.port_security_enabled && network.subnets.length > 0;
}

/** A create names groups for all of its networks together. */
function refuseWithoutGroups(
  { ownSecurityGroup, securityGroups }: OpenStackSettings,
  networks: readonly NeutronNetwork[],
): void {
  if (!ownSecurityGroup && securityGroups.length === 0) return;
  const without = networks.filter((network) => !takesGroups(network));
  if (without.length === 0) return;
  const names = without.map(({ name }) => name).join(", ");
  const why = `OpenStack takes no security groups on the network ${names} (port security is off, or it has no subnet)`;
  if (without.length < networks.length)
    throw new UserError(
      "CONFIG_INVALID",
      `${why}, and its other networks have them: a server on both is refused.`,
      {
        hint: "Name networks of one kind in `networks`; or set ownSecurityGroup: false and no securityGroups: then the project's default group counts where there is one.",
      },
    );
  if (securityGroups.length > 0)
    throw new UserError(
      "CONFIG_INVALID",
      `${why}: ${securityGroups.join(", ")} would guard nothing.`,
      { hint: "Leave out securityGroups, or name other networks in `networks`." },
    );
}
