import { ProviderError, UserError } from "../../errors/error.ts";
import { suggestWord } from "../../stack/suggest.ts";
import type { Ec2Subnet, Ec2Vpc } from "./network.ts";
import { mustBePublic } from "./option-rules.ts";
import type { Ec2Settings } from "./options.ts";

type PlaceSettings = Pick<
  Ec2Settings,
  "vpc" | "subnets" | "zones" | "ipv6" | "publicAddress" | "elasticAddress" | "accessAddress"
>;

/**
 * The subnets that servers may be put into, all of one VPC, in the order in which they are tried.
 *
 * @throws ProviderError PROVIDER_NOT_FOUND, with what there is; UserError CONFIG_INVALID where the choice is not clear.
 */
export function chooseSubnets(
  settings: PlaceSettings,
  vpcs: readonly Ec2Vpc[],
  subnets: readonly Ec2Subnet[],
): readonly Ec2Subnet[] {
  const vpc = settings.vpc === undefined ? undefined : findVpc(settings.vpc, vpcs);
  const inVpc = vpc === undefined ? subnets : subnets.filter((subnet) => subnet.vpc === vpc.id);
  const chosen = inZones(
    settings.zones,
    settings.subnets === undefined
      ? onePerZone(vpc ?? defaultVpc(vpcs), subnets)
      : settings.subnets.map((word) => findSubnet(word, inVpc)),
  );
  const [first] = chosen;
  if (first === undefined) throw new ProviderError("PROVIDER_NOT_FOUND", "The VPC has no subnet.");
  if (chosen.some((subnet) => subnet.vpc !== first.vpc)) {
    throw new UserError("CONFIG_INVALID", "The subnets of ec2() are not all of one VPC.", {
      hint: `They are of ${[...new Set(chosen.map((subnet) => subnet.vpc))].join(", ")}; the servers of a stack share a security group, which belongs to one.`,
    });
  }
  checkAddresses(settings, chosen, inVpc);
  return chosen;
}

/** Refuses subnets whose servers could not be reached as the options say. */
function checkAddresses(
  settings: PlaceSettings,
  chosen: readonly Ec2Subnet[],
  all: readonly Ec2Subnet[],
): void {
  const refuse = (what: string, has: (subnet: Ec2Subnet) => boolean, otherwise: string): void => {
    const lacking = chosen.filter((subnet) => !has(subnet));
    if (lacking.length === 0) return;
    const others = all
      .filter((subnet) => subnet.vpc === lacking[0]?.vpc && has(subnet))
      .map(labelOf)
      .join(", ");
    throw new UserError("CONFIG_INVALID", `${lacking.map(labelOf).join(", ")}: ${what}.`, {
      hint: `${others === "" ? "No subnet of the VPC does" : `Those that do: ${others}; name them in ec2({ subnets })`}. ${otherwise}`,
    });
  };
  if (settings.ipv6) {
    refuse(
      "ec2({ ipv6: true }) needs a subnet that has IPv6 addresses",
      ({ hasIpv6 }) => hasIpv6,
      "`aws ec2 associate-subnet-cidr-block` gives a subnet a range.",
    );
  }
  if (settings.publicAddress === undefined && mustBePublic(settings)) {
    refuse(
      'ec2({ accessAddress: "public" }) needs a subnet that gives its servers public addresses',
      ({ givesPublic }) => givesPublic,
      "Or set `publicAddress` or `elasticAddress` to true.",
    );
  }
}

function findVpc(word: string, vpcs: readonly Ec2Vpc[]): Ec2Vpc {
  const found = vpcs.find(({ id, name }) => id === word || name === word);
  if (found !== undefined) return found;
  throw notFound("VPC", word, vpcs);
}

function defaultVpc(vpcs: readonly Ec2Vpc[]): Ec2Vpc {
  const found = vpcs.find(({ isDefault }) => isDefault);
  if (found !== undefined) return found;
  throw new ProviderError("PROVIDER_NOT_FOUND", "The account has no default VPC in this region.", {
    hint: `Set ec2({ vpc: "…" }) or subnets. There are: ${vpcs.map(labelOf).join(", ") || "none"}.`,
  });
}

function findSubnet(word: string, subnets: readonly Ec2Subnet[]): Ec2Subnet {
  const found = subnets.find(({ id, name }) => id === word || name === word);
  if (found !== undefined) return found;
  throw notFound("subnet", word, subnets);
}

/** All of a VPC, where none needs to be chosen: one of each zone. */
function onePerZone(vpc: Ec2Vpc, subnets: readonly Ec2Subnet[]): readonly Ec2Subnet[] {
  const all = subnets.filter((subnet) => subnet.vpc === vpc.id);
  const defaults = all.filter(({ isDefault }) => isDefault);
  const usable = defaults.length > 0 ? defaults : all;
  const zones = new Set(usable.map(({ zone }) => zone));
  if (zones.size === usable.length)
    return usable.toSorted((one, other) => one.zone.localeCompare(other.zone));
  throw new UserError("CONFIG_INVALID", `The VPC ${labelOf(vpc)} has several subnets in a zone.`, {
    hint: `Set ec2({ subnets: ["…"] }) to some of: ${usable.map(labelOf).join(", ")}.`,
  });
}

/** Each zone that is named has to have one of the subnets. */
function inZones(
  zones: readonly string[] | undefined,
  subnets: readonly Ec2Subnet[],
): readonly Ec2Subnet[] {
  if (zones === undefined) return subnets;
  const known = new Set(subnets.map(({ zone }) => zone));
  const missing = zones.filter((zone) => !known.has(zone));
  const [first] = missing;
  if (first === undefined)
    return zones.flatMap((zone) => subnets.filter((subnet) => subnet.zone === zone));
  throw new ProviderError(
    "PROVIDER_NOT_FOUND",
    `None of the subnets is in the zone ${missing.join(" or ")}.`,
    { hint: suggestWord(first, [...known].toSorted(), "zones") },
  );
}

function notFound(
  what: string,
  word: string,
  things: readonly { readonly id: string; readonly name: string }[],
): ProviderError {
  const names = things.flatMap(({ id, name }) => (name === "" ? [id] : [name]));
  return new ProviderError("PROVIDER_NOT_FOUND", `EC2 has no ${what} ${word} in this region.`, {
    hint: suggestWord(word, names, `${what}s`),
  });
}

function labelOf({ id, name }: { readonly id: string; readonly name: string }): string {
  return name === "" ? id : `${name} (${id})`;
}
