import type { _InstanceType, DescribeImagesCommandInput } from "@aws-sdk/client-ec2";

import type { Caller } from "../../cloud/caller.ts";
import type { Ec2Api } from "./client.ts";
import { isNotFound } from "./failures.ts";

export type Architecture = "x86_64" | "arm64";

export interface Ec2Image {
  readonly id: string;
  readonly name: string;
  /** The number of its account. */
  readonly owner: string;
  readonly architecture: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly rootDevice: string;
  /** GiB; 0: not told. */
  readonly rootGb: number;
  /** Devices of further volumes that it brings, which are to go with the server. */
  readonly otherDevices: readonly string[];
}

/** Images that are available. */
export async function listImages(
  api: Ec2Api,
  request: Pick<DescribeImagesCommandInput, "Owners" | "Filters" | "ImageIds">,
  caller: Caller,
): Promise<readonly Ec2Image[]> {
  try {
    const answer = await api.call(
      {
        action: "DescribeImages",
        what: "list the images",
        command: (sdk) => new sdk.DescribeImagesCommand(request),
      },
      caller,
    );
    return (answer.Images ?? [])
      .filter(({ State: state }) => state === undefined || state === "available")
      .map((image) => {
        const volumes = (image.BlockDeviceMappings ?? []).filter(
          ({ Ebs: ebs }) => ebs !== undefined,
        );
        const root = image.RootDeviceName ?? "/dev/sda1";
        return {
          id: image.ImageId ?? "",
          name: image.Name ?? "",
          owner: image.OwnerId ?? "",
          architecture: image.Architecture ?? "",
          createdAt: image.CreationDate ?? "",
          rootDevice: root,
          rootGb: volumes.find(({ DeviceName: name }) => name === root)?.Ebs?.VolumeSize ?? 0,
          otherDevices: volumes.flatMap(({ DeviceName: name }) =>
            name === undefined || name === root ? [] : [name],
          ),
        };
      });
  } catch (thrown) {
    if (isNotFound(thrown)) return [];
    throw thrown;
  }
}

export interface Ec2Type {
  readonly name: string;
  readonly cpus: number;
  readonly memoryMb: number;
  readonly architectures: readonly string[];
  /** It has less than its vCPUs for most of the time, and costs less. */
  readonly isBurstable: boolean;
  readonly isBareMetal: boolean;
  /** GPU or another accelerator: dear, and never what a plain wish means. */
  readonly isAccelerated: boolean;
  /** The hypervisor of the newer types. */
  readonly isNitro: boolean;
  readonly isCurrent: boolean;
}

/** All types of the region, in calls of a hundred each; or those of these names. @throws Ec2Refusal where one of these is not there */
export async function listTypes(
  api: Ec2Api,
  names: readonly string[] | undefined,
  caller: Caller,
): Promise<readonly Ec2Type[]> {
  const types: Ec2Type[] = [];
  for (let token: string | undefined; ;) {
    const next = token;
    const page = await api.call(
      {
        action: "DescribeInstanceTypes",
        what: "list the instance types",
        command: (sdk) =>
          new sdk.DescribeInstanceTypesCommand({
            ...(names === undefined ? { MaxResults: 100 } : { InstanceTypes: names.map(toType) }),
            ...(next === undefined ? {} : { NextToken: next }),
          }),
      },
      caller,
    );
    for (const type of page.InstanceTypes ?? []) {
      types.push({
        name: type.InstanceType ?? "",
        cpus: type.VCpuInfo?.DefaultVCpus ?? 0,
        memoryMb: type.MemoryInfo?.SizeInMiB ?? 0,
        architectures: type.ProcessorInfo?.SupportedArchitectures ?? [],
        isBurstable: type.BurstablePerformanceSupported === true,
        isBareMetal: type.BareMetal === true,
        isAccelerated:
          type.GpuInfo !== undefined ||
          type.FpgaInfo !== undefined ||
          type.InferenceAcceleratorInfo !== undefined,
        isNitro: type.Hypervisor === "nitro",
        isCurrent: type.CurrentGeneration !== false,
      });
    }
    token = page.NextToken === "" ? undefined : page.NextToken;
    if (token === undefined) return types;
  }
}

/** The SDK lists the types that there were when it was made. */
export function toType(name: string): _InstanceType {
  return name as _InstanceType;
}
