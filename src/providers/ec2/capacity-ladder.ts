import type { Ec2Type } from "./images.ts";
import type { Ec2Subnet } from "./network.ts";
import type { Ec2Settings } from "./options.ts";

/** Where and as what a server may be made. */
export interface Place {
  readonly type: Ec2Type;
  readonly subnet: Ec2Subnet;
  /** Absent: on demand. */
  readonly spot: { readonly maxPrice: string | undefined } | undefined;
}

/** All places, in the order in which they are tried: the first type in every zone, then the next; spare capacity first. */
export function choosePlaces(
  types: readonly Ec2Type[],
  subnets: readonly Ec2Subnet[],
  wish: Ec2Settings["spot"],
): readonly Place[] {
  const of = (spot: Place["spot"]): readonly Place[] =>
    types.flatMap((type) => subnets.map((subnet) => ({ type, subnet, spot })));
  if (wish === false) return of(undefined);
  const { maxPrice, fallback } = wish === true ? { maxPrice: undefined, fallback: true } : wish;
  return [...of({ maxPrice }), ...(fallback ? of(undefined) : [])];
}

export function placeKey({ type, subnet, spot }: Place): string {
  return `${type.name} ${subnet.id}${spot === undefined ? "" : " spot"}`;
}

export function placeText({ type, subnet, spot }: Place): string {
  return `${type.name}${spot === undefined ? "" : " (spot)"} in ${subnet.zone}`;
}
