import type { Caller } from "../../cloud/caller.ts";
import { ProviderError } from "../../errors/error.ts";
import type { Cloud } from "./cloud.ts";
import { listGroups } from "./group-calls.ts";
import type { Ec2Settings } from "./options.ts";

/**
 * Makes sure that the groups which the options name are there, in the VPC of the servers; they are asked for once.
 *
 * @throws ProviderError PROVIDER_NOT_FOUND, with what there is
 */
export async function refuseUnknownGroups(
  cloud: Cloud,
  { securityGroups }: Pick<Ec2Settings, "securityGroups">,
  vpc: string,
  caller: Caller,
): Promise<void> {
  if (securityGroups.length === 0) return;
  const found = await cloud.shared(
    `security groups of ${vpc}`,
    async () => await listGroups(cloud.api, [{ Name: "vpc-id", Values: [vpc] }], caller),
  );
  const ids = new Set(found.map(({ id }) => id));
  const missing = securityGroups.filter((id) => !ids.has(id));
  if (missing.length === 0) return;
  throw new ProviderError(
    "PROVIDER_NOT_FOUND",
    `The VPC ${vpc} of the servers has no security group ${missing.join(", ")}.`,
    {
      hint: `A group belongs to one VPC and one region. There are: ${found.map(({ id, name }) => `${id} (${name})`).join(", ") || "none"}.`,
    },
  );
}
