import type { Filter, IpPermission, SecurityGroup } from "@aws-sdk/client-ec2";

import type { Caller } from "../../cloud/caller.ts";
import type { Ec2Api } from "./client.ts";
import { isNotFound } from "./failures.ts";
import { tagFilters, type Tags, tagsOf, toTagList } from "./instances.ts";

export interface Ec2Vpc {
  readonly id: string;
  /** Its tag Name. */
  readonly name: string;
  readonly isDefault: boolean;
}

export interface Ec2Subnet {
  readonly id: string;
  /** Its tag Name. */
  readonly name: string;
  readonly vpc: string;
  readonly zone: string;
  /** The one of its zone in a default VPC. */
  readonly isDefault: boolean;
}

export interface Ec2Group {
  readonly id: string;
  readonly name: string;
  readonly vpc: string;
  readonly tags: Tags;
  /** What may come in. */
  readonly permissions: readonly IpPermission[];
}

export interface Ec2Address {
  readonly allocation: string;
  readonly association: string | undefined;
  readonly instance: string | undefined;
  readonly ip: string;
}

export async function listVpcs(api: Ec2Api, caller: Caller): Promise<readonly Ec2Vpc[]> {
  const answer = await api.call(
    {
      action: "DescribeVpcs",
      what: "list the VPCs",
      command: (sdk) => new sdk.DescribeVpcsCommand({}),
    },
    caller,
  );
  return (answer.Vpcs ?? []).map((vpc) => ({
    id: vpc.VpcId ?? "",
    name: tagsOf(vpc.Tags)["Name"] ?? "",
    isDefault: vpc.IsDefault === true,
  }));
}

export async function listSubnets(api: Ec2Api, caller: Caller): Promise<readonly Ec2Subnet[]> {
  const answer = await api.call(
    {
      action: "DescribeSubnets",
      what: "list the subnets",
      command: (sdk) => new sdk.DescribeSubnetsCommand({}),
    },
    caller,
  );
  return (answer.Subnets ?? []).map((subnet) => ({
    id: subnet.SubnetId ?? "",
    name: tagsOf(subnet.Tags)["Name"] ?? "",
    vpc: subnet.VpcId ?? "",
    zone: subnet.AvailabilityZone ?? "",
    isDefault: subnet.DefaultForAz === true,
  }));
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

export async function closeGroup(
  api: Ec2Api,
  { id, name }: Pick<Ec2Group, "id" | "name">,
  permissions: readonly IpPermission[],
  caller: Caller,
): Promise<void> {
  try {
    await api.call(
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
  } catch (thrown) {
    if (!isNotFound(thrown)) throw thrown;
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

export interface Ec2KeyPair {
  readonly name: string;
}

/** Key pairs that bear all of these tags. */
export async function listKeyPairs(
  api: Ec2Api,
  tags: Tags,
  caller: Caller,
): Promise<readonly Ec2KeyPair[]> {
  const answer = await api.call(
    {
      action: "DescribeKeyPairs",
      what: "list the key pairs",
      command: (sdk) => new sdk.DescribeKeyPairsCommand({ Filters: tagFilters(tags) }),
    },
    caller,
  );
  return (answer.KeyPairs ?? []).map((pair) => ({ name: pair.KeyName ?? "" }));
}

/** @throws ProviderError PROVIDER_CONFLICT where there is one of this name. */
export async function importKeyPair(
  api: Ec2Api,
  wanted: { readonly name: string; readonly publicKey: string; readonly tags: Tags },
  caller: Caller,
): Promise<void> {
  await api.call(
    {
      action: "ImportKeyPair",
      what: `import the key pair ${wanted.name}`,
      command: (sdk) =>
        new sdk.ImportKeyPairCommand({
          KeyName: wanted.name,
          PublicKeyMaterial: Buffer.from(wanted.publicKey),
          TagSpecifications: [{ ResourceType: "key-pair", Tags: toTagList(wanted.tags) }],
        }),
      isRepeatable: false,
    },
    caller,
  );
}

export async function deleteKeyPair(
  api: Ec2Api,
  { name }: Ec2KeyPair,
  caller: Caller,
): Promise<void> {
  try {
    await api.call(
      {
        action: "DeleteKeyPair",
        what: `delete the key pair ${name}`,
        command: (sdk) => new sdk.DeleteKeyPairCommand({ KeyName: name }),
      },
      caller,
    );
  } catch (thrown) {
    if (!isNotFound(thrown)) throw thrown;
  }
}

/** Elastic addresses. */
export async function listAddresses(
  api: Ec2Api,
  filters: readonly Filter[],
  caller: Caller,
): Promise<readonly Ec2Address[]> {
  const answer = await api.call(
    {
      action: "DescribeAddresses",
      what: "list the elastic addresses",
      command: (sdk) => new sdk.DescribeAddressesCommand({ Filters: [...filters] }),
    },
    caller,
  );
  return (answer.Addresses ?? []).map((address) => ({
    allocation: address.AllocationId ?? "",
    association: given(address.AssociationId),
    instance: given(address.InstanceId),
    ip: address.PublicIp ?? "",
  }));
}

/** @throws AnswerLostError */
export async function allocateAddress(
  api: Ec2Api,
  tags: Tags,
  caller: Caller,
): Promise<Pick<Ec2Address, "allocation" | "ip">> {
  const answer = await api.call(
    {
      action: "AllocateAddress",
      what: "allocate an elastic address",
      command: (sdk) =>
        new sdk.AllocateAddressCommand({
          Domain: "vpc",
          TagSpecifications: [{ ResourceType: "elastic-ip", Tags: toTagList(tags) }],
        }),
      isRepeatable: false,
      mustFinish: true,
    },
    caller,
  );
  return { allocation: answer.AllocationId ?? "", ip: answer.PublicIp ?? "" };
}

export async function associateAddress(
  api: Ec2Api,
  allocation: string,
  instance: string,
  caller: Caller,
): Promise<void> {
  await api.call(
    {
      action: "AssociateAddress",
      what: `give the elastic address to the instance ${instance}`,
      command: (sdk) =>
        new sdk.AssociateAddressCommand({
          AllocationId: allocation,
          InstanceId: instance,
          AllowReassociation: true,
        }),
    },
    caller,
  );
}

export async function releaseAddress(
  api: Ec2Api,
  { allocation, association, ip }: Ec2Address,
  caller: Caller,
): Promise<void> {
  try {
    if (association !== undefined) {
      await api
        .call(
          {
            action: "DisassociateAddress",
            what: `take away the elastic address ${ip}`,
            command: (sdk) => new sdk.DisassociateAddressCommand({ AssociationId: association }),
          },
          caller,
        )
        .catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
    }
    await api.call(
      {
        action: "ReleaseAddress",
        what: `release the elastic address ${ip}`,
        command: (sdk) => new sdk.ReleaseAddressCommand({ AllocationId: allocation }),
      },
      caller,
    );
  } catch (thrown) {
    if (!isNotFound(thrown)) throw thrown;
  }
}

function given(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
