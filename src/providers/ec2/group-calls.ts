import type { Filter, IpPermission, SecurityGroup } from "@aws-sdk/client-ec2";

import type { Caller } from "../../cloud/caller.ts";
import type { Ec2Api } from "./client.ts";
import { isNotFound } from "./failures.ts";
import { type Tags, tagsOf, toTagList } from "./tags.ts";

export interface Ec2Group {
  readonly id: string;
  readonly name: string;
  readonly vpc: string;
  readonly tags: Tags;
  /** What may come in. */
  readonly permissions: readonly IpPermission[];
}

export async function listGroups(
  api: Ec2Api,
  filters: readonly Filter[],
  caller: Caller,
): Promise<readonly Ec2Group[]> {
  const answer = await api.call(
    {
      action: "DescribeSecurityGroups",
      what: "list the security groups",
      command: (sdk) => new sdk.DescribeSecurityGroupsCommand({ Filters: [...filters] }),
    },
    caller,
  );
  return (answer.SecurityGroups ?? []).map(toGroup);
}

function toGroup(group: SecurityGroup): Ec2Group {
  return {
    id: group.GroupId ?? "",
    name: group.GroupName ?? "",
    vpc: group.VpcId ?? "",
    tags: tagsOf(group.Tags),
    permissions: group.IpPermissions ?? [],
  };
}

/** @returns the id. @throws AnswerLostError; ProviderError PROVIDER_CONFLICT where the VPC has one of this name. */
export async function createGroup(
  api: Ec2Api,
  wanted: {
    readonly name: string;
    readonly description: string;
    readonly vpc: string;
    readonly tags: Tags;
  },
  caller: Caller,
): Promise<string> {
  const answer = await api.call(
    {
      action: "CreateSecurityGroup",
      what: `create the security group ${wanted.name}`,
      command: (sdk) =>
        new sdk.CreateSecurityGroupCommand({
          GroupName: wanted.name,
          Description: wanted.description,
          VpcId: wanted.vpc,
          TagSpecifications: [{ ResourceType: "security-group", Tags: toTagList(wanted.tags) }],
        }),
      isRepeatable: false,
      mustFinish: true,
    },
    caller,
  );
  return answer.GroupId ?? "";
}

export async function openGroup(
  api: Ec2Api,
  { id, name }: Pick<Ec2Group, "id" | "name">,
  permissions: readonly IpPermission[],
  caller: Caller,
): Promise<void> {
  await api.call(
    {
      action: "AuthorizeSecurityGroupIngress",
      what: `open ports in the security group ${name}`,
      command: (sdk) =>
        new sdk.AuthorizeSecurityGroupIngressCommand({
          GroupId: id,
          IpPermissions: [...permissions],
        }),
    },
    caller,
  );
}

/**
 * Closes all of these in one call, or none, or some: in a VPC of one's own EC2 refuses the whole call where it does not know
 * one of them, in a default VPC it closes the others and says in its answer which it does not know.
 *
 * @returns whether EC2 knew all of them, and closed them
 */
export async function closeGroup(
  api: Ec2Api,
  { id, name }: Pick<Ec2Group, "id" | "name">,
  permissions: readonly IpPermission[],
  caller: Caller,
): Promise<boolean> {
  try {
    const answer = await api.call(
      {
        action: "RevokeSecurityGroupIngress",
        what: `close ports in the security group ${name}`,
        command: (sdk) =>
          new sdk.RevokeSecurityGroupIngressCommand({
            GroupId: id,
            IpPermissions: [...permissions],
          }),
      },
      caller,
    );
    return (answer.UnknownIpPermissions ?? []).length === 0;
  } catch (thrown) {
    if (!isNotFound(thrown)) throw thrown;
    return false;
  }
}

/** @throws ProviderError PROVIDER_CONFLICT while something uses it. */
export async function deleteGroup(
  api: Ec2Api,
  { id, name }: Pick<Ec2Group, "id" | "name">,
  caller: Caller,
): Promise<void> {
  try {
    await api.call(
      {
        action: "DeleteSecurityGroup",
        what: `delete the security group ${name}`,
        command: (sdk) => new sdk.DeleteSecurityGroupCommand({ GroupId: id }),
      },
      caller,
    );
  } catch (thrown) {
    if (!isNotFound(thrown)) throw thrown;
  }
}
