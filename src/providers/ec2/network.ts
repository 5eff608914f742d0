import type { Caller } from "../../cloud/caller.ts";
import type { Ec2Api } from "./client.ts";
import { tagsOf } from "./tags.ts";

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
  /** What is started in it gets a public IPv4 address, unless it is asked for none. */
  readonly givesPublic: boolean;
  /** It has a range of IPv6 addresses. */
  readonly hasIpv6: boolean;
}

/** States of a range of addresses that the subnet has had. */
const GONE: ReadonlySet<string> = new Set(["disassociating", "disassociated", "failing", "failed"]);

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
    givesPublic: subnet.MapPublicIpOnLaunch === true,
    hasIpv6: (subnet.Ipv6CidrBlockAssociationSet ?? []).some(
      ({ Ipv6CidrBlockState: block }) => !GONE.has(block?.State ?? ""),
    ),
  }));
}
