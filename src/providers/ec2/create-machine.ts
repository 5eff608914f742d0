import { createHash, randomUUID } from "node:crypto";

import type { RunInstancesCommandInput } from "@aws-sdk/client-ec2";

import { AnswerLostError } from "../../cloud/answer-lost-error.ts";
import { machineName } from "../../cloud/names.ts";
import { ProviderError, TimeoutError, UserError } from "../../errors/error.ts";
import { firstBootData } from "../../host/first-boot-data.ts";
import { makeKeyPair } from "../../host/key-pair.ts";
import type { MachineRequest, ProviderContext } from "../contract.ts";
import { choosePlaces, type Place, placeKey, placeText } from "./capacity-ladder.ts";
import type { Cloud } from "./cloud.ts";
import { loginUserOf } from "./distro-images.ts";
import { isRefusal } from "./failures.ts";
import { chooseImage } from "./image-wishes.ts";
import { type Ec2Image, toType } from "./images.ts";
import { type Ec2Instance, runInstance, type Tags, toTagList } from "./instances.ts";
import { ensureKeyPair } from "./key-pairs.ts";
import { instanceTags, isOf, ownTags, TOKEN } from "./marks.ts";
import type { Ec2Settings } from "./options.ts";
import { ensureSecurityGroup } from "./security-group.ts";
import { architectureOf, chooseTypes, sizeWishes } from "./size-wishes.ts";
import { untilKnown } from "./until-known.ts";

/** A lost create is sent again only after nobody saw it, and not more often than this. */
const MAX_SENDS = 3;
/** What was made a moment ago, and is not known everywhere yet. */
const MADE_JUST_NOW = /^Invalid(Group|KeyPair)\.NotFound$/;

/** Sends the create, and makes sure that it was carried out once. @returns the instance's id. */
export async function createMachine(
  cloud: Cloud,
  settings: Ec2Settings,
  request: MachineRequest,
  context: ProviderContext,
): Promise<string> {
  const prepared = await prepare(cloud, settings, request, context);
  // A place that had no room for another server a moment ago is tried last.
  const places = prepared.places.toSorted(
    (one, other) => Number(cloud.isFull(placeKey(one))) - Number(cloud.isFull(placeKey(other))),
  );
  const refusals: ProviderError[] = [];
  for (const place of places) {
    context.progress(`creating (image ${prepared.image.name}, ${placeText(place)})`);
    try {
      const id = await send(cloud, settings, request, prepared.toInput(place), context);
      cloud.made.set(machineName(context.stack, request.server), id);
      return id;
    } catch (thrown) {
      if (!(thrown instanceof ProviderError) || thrown.code !== "PROVIDER_CAPACITY") throw thrown;
      cloud.markFull(placeKey(place));
      refusals.push(thrown);
    }
  }
  throw noCapacity(request.server, places, refusals);
}

async function send(
  cloud: Cloud,
  settings: Ec2Settings,
  request: MachineRequest,
  input: RunInstancesCommandInput,
  context: ProviderContext,
): Promise<string> {
  const name = machineName(context.stack, request.server);
  for (let sends = 1; ; sends += 1) {
    try {
      const instance = await untilKnown(
        settings.settleMs,
        context,
        async () => await runInstance(cloud.api, input, name, context),
        (thrown) => isRefusal(thrown, MADE_JUST_NOW),
      );
      return instance.id;
    } catch (thrown) {
      if (!(thrown instanceof AnswerLostError)) throw thrown;
      context.progress("the answer to the create did not come: looking for the server");
      const found = await lookFor(cloud, settings, request, context);
      if (found !== undefined) return found.id;
      if (sends === MAX_SENDS) throw thrown;
      // The same ClientToken: EC2 makes no second one. If a cloud does, both bear our tags, and the younger is removed.
    }
  }
}

/** The instance that a lost answer was about. */
async function lookFor(
  cloud: Cloud,
  settings: Ec2Settings,
  { server, token }: MachineRequest,
  context: ProviderContext,
): Promise<Ec2Instance | undefined> {
  try {
    return await cloud.watch.until(
      {
        claim: (instances) =>
          instances.find(
            (instance) => isOf(instance, context.stack, server) && instance.tags[TOKEN] === token,
          ),
        limitMs: settings.settleMs,
        what: "The server of a create without an answer was not seen",
      },
      context,
    );
  } catch (thrown) {
    if (thrown instanceof TimeoutError) return undefined;
    throw thrown;
  }
}

interface Prepared {
  readonly image: Ec2Image;
  readonly places: readonly Place[];
  readonly toInput: (place: Place) => RunInstancesCommandInput;
}

/** Everything that the create names; what the stack shares is made here. */
async function prepare(
  cloud: Cloud,
  settings: Ec2Settings,
  request: MachineRequest,
  context: ProviderContext,
): Promise<Prepared> {
  const { stack } = context;
  const imageWish = request.image ?? settings.image;
  if (imageWish === undefined) {
    throw new UserError("CONFIG_INVALID", `No image is named for ${request.server}.`, {
      hint: "Set `image` of the server or of ec2(); `bootmachine images` lists what there is.",
    });
  }
  const wishes = sizeWishes(request.size ?? settings.size);
  const [types, subnets] = await Promise.all([
    cloud.typesFor(wishes, context),
    cloud.subnets(context),
  ]);
  const image = await chooseImage(
    imageWish,
    {
      api: cloud.api,
      architecture: settings.architecture ?? architectureOf(wishes, types) ?? "x86_64",
      known: async () => await cloud.images(context),
    },
    context,
  );
  const places = choosePlaces(chooseTypes(wishes, types, image), subnets, settings.spot);
  const login = settings.user ?? loginUserOf(image);
  if (login === undefined) throw loginUnknown(image);
  // What is wrong with the wishes is known by now: only then is anything made.
  const [groups, keyName] = await Promise.all([
    securityGroups(cloud, settings, context),
    ensureKeyPair(cloud, settings, stack, request.bootstrapKeys, context),
  ]);
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
  });
  const userData = firstBootData({
    bootstrapKeys: request.bootstrapKeys,
    hostKey,
    nonce: request.token,
  });
  const diskGb = Math.max(
    ...wishes.map((wish) => (typeof wish === "string" ? 0 : (wish.diskGb ?? 0))),
  );
  // What is sent under one ClientToken must be the same, and a token is good for one instance.
  const attempt = randomUUID();
  const toInput = (place: Place): RunInstancesCommandInput => ({
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
  return { image, places, toInput };
}

async function securityGroups(
  cloud: Cloud,
  settings: Ec2Settings,
  context: ProviderContext,
): Promise<readonly string[]> {
  if (!settings.ownSecurityGroup) return settings.securityGroups;
  return [await ownGroup(cloud, settings, context), ...settings.securityGroups];
}

/** The id of the stack's own group; one caller makes it for all. */
export async function ownGroup(
  cloud: Cloud,
  settings: Ec2Settings,
  context: ProviderContext,
): Promise<string> {
  const { stack, inlets } = context;
  return await cloud.shared(groupKey(stack), async () => {
    const [subnet] = await cloud.subnets(context);
    const wanted = { stack, vpc: subnet?.vpc ?? "", inlets };
    return await ensureSecurityGroup(cloud, settings, wanted, context);
  });
}

/** Under which the id of the stack's group is kept while a run lasts. */
export function groupKey(stack: string): string {
  return `security group of ${stack}`;
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

function loginUnknown({ id, name }: Ec2Image): UserError {
  return new UserError(
    "CONFIG_INVALID",
    `Nothing tells who may log in first on the image ${id} (${name}).`,
    { hint: 'Set ec2({ user: "…" }): the image\'s own user, such as "admin" on Debian\'s.' },
  );
}

function noCapacity(
  server: string,
  places: readonly Place[],
  refusals: readonly ProviderError[],
): ProviderError {
  const last = refusals.at(-1);
  return new ProviderError(
    "PROVIDER_CAPACITY",
    `EC2 has no room for ${server}: tried ${places.map(placeText).join("; ")}. ${last?.message ?? ""}`.trim(),
    {
      server,
      cause: last,
      hint: "Name more sizes in `size` (a list), more `zones` or `subnets`, or try later.",
    },
  );
}
