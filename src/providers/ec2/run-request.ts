import { createHash, randomUUID } from "node:crypto";

import type { RunInstancesCommandInput } from "@aws-sdk/client-ec2";

import { machineName } from "../../cloud/names.ts";
import { firstBootData } from "../../host/first-boot-data.ts";
import { makeKeyPair } from "../../host/key-pair.ts";
import type { MachineRequest } from "../contract.ts";
import { type Place, placeKey } from "./capacity-ladder.ts";
import { type Ec2Image, toType } from "./images.ts";
import { instanceTags, ownTags } from "./marks.ts";
import type { Ec2Settings } from "./options.ts";
import { type Tags, toTagList } from "./tags.ts";

/** What a new instance is made of. */
export interface Parts {
  readonly settings: Ec2Settings;
  readonly stack: string;
  readonly request: MachineRequest;
  readonly image: Ec2Image;
  /** Who may log in first. */
  readonly login: string;
  /** Ids of security groups. */
  readonly groups: readonly string[];
  readonly keyName: string | undefined;
  /** Of the root volume, at least so much, GiB. */
  readonly diskGb: number;
}

/** The requests of one attempt to make a server: the same host key, tags and user-data in whatever place. */
export function makeRunRequest(parts: Parts): (place: Place) => RunInstancesCommandInput {
  const { settings, stack, request, image, login, groups, keyName, diskGb } = parts;
  const hostKey = settings.hostIdentity === "injected" ? makeKeyPair() : undefined;
  const tags: Tags = {
    Name: machineName(stack, request.server),
    ...settings.tags,
    ...ownTags(stack, request.server),
  };
  const marks = instanceTags({
    request,
    login,
    image: image.name === "" ? image.id : image.name,
    hostKey: hostKey?.publicKey,
    isAddressAwaited: settings.elasticAddress,
  });
  const userData = firstBootData({
    bootstrapKeys: request.bootstrapKeys,
    hostKey,
    nonce: request.token,
  });
  // What is sent under one ClientToken must be the same, and a token is good for one instance.
  const attempt = randomUUID();
  return (place) => ({
    MinCount: 1,
    MaxCount: 1,
    ClientToken: createHash("sha256")
      .update(`${request.token} ${attempt} ${placeKey(place)}`)
      .digest("hex"),
    ImageId: image.id,
    InstanceType: toType(place.type.name),
    UserData: Buffer.from(userData).toString("base64"),
    ...(keyName === undefined ? {} : { KeyName: keyName }),
    BlockDeviceMappings: volumes(settings, image, diskGb),
    NetworkInterfaces: [
      {
        DeviceIndex: 0,
        SubnetId: place.subnet.id,
        DeleteOnTermination: true,
        ...(groups.length === 0 ? {} : { Groups: [...groups] }),
        ...(settings.publicAddress === undefined
          ? {}
          : { AssociatePublicIpAddress: settings.publicAddress }),
        ...(settings.ipv6 ? { Ipv6AddressCount: 1 } : {}),
      },
    ],
    // IMDSv2: a page that a server is tricked into fetching cannot read user-data there.
    MetadataOptions: {
      HttpEndpoint: "enabled",
      HttpTokens: "required",
      HttpPutResponseHopLimit: 1,
    },
    ...(place.spot === undefined
      ? {}
      : {
          InstanceMarketOptions: {
            MarketType: "spot",
            SpotOptions: {
              SpotInstanceType: "one-time",
              InstanceInterruptionBehavior: "terminate",
              ...(place.spot.maxPrice === undefined ? {} : { MaxPrice: place.spot.maxPrice }),
            },
          },
        }),
    TagSpecifications: [
      { ResourceType: "instance", Tags: toTagList({ ...tags, ...marks }) },
      { ResourceType: "volume", Tags: toTagList(tags) },
      { ResourceType: "network-interface", Tags: toTagList(tags) },
      ...(place.spot === undefined
        ? []
        : [{ ResourceType: "spot-instances-request" as const, Tags: toTagList(tags) }]),
    ],
  });
}

/** The root volume as it is wanted; what else the image brings goes with the server as well. */
function volumes(
  { rootVolume }: Ec2Settings,
  image: Ec2Image,
  diskGb: number,
): NonNullable<RunInstancesCommandInput["BlockDeviceMappings"]> {
  const sizeGb = Math.max(rootVolume.sizeGb ?? 0, diskGb, image.rootGb);
  return [
    {
      DeviceName: image.rootDevice,
      Ebs: {
        DeleteOnTermination: true,
        VolumeType: rootVolume.type,
        ...(sizeGb > 0 ? { VolumeSize: sizeGb } : {}),
        ...(rootVolume.iops === undefined ? {} : { Iops: rootVolume.iops }),
        ...(rootVolume.throughput === undefined ? {} : { Throughput: rootVolume.throughput }),
        ...(rootVolume.encrypted ? { Encrypted: true } : {}),
        ...(rootVolume.encrypted && rootVolume.kmsKey !== undefined
          ? { KmsKeyId: rootVolume.kmsKey }
          : {}),
      },
    },
    ...image.otherDevices.map((DeviceName) => ({
      DeviceName,
      Ebs: { DeleteOnTermination: true, ...(rootVolume.encrypted ? { Encrypted: true } : {}) },
    })),
  ];
}
