import { AnswerLostError } from "../../cloud/answer-lost-error.ts";
import type { Caller } from "../../cloud/caller.ts";
import { machineName } from "../../cloud/names.ts";
import { sayingNothingWasMade } from "../../cloud/nothing-was-made.ts";
import { ProviderError, TimeoutError } from "../../errors/error.ts";
import { firstBootData } from "../../host/first-boot-data.ts";
import { makeKeyPair } from "../../host/key-pair.ts";
import type { MachineRequest, ProviderContext } from "../contract.ts";
import type { Cloud } from "./cloud.ts";
import { isOf, toMetadata } from "./marks.ts";
import type { GlanceImage } from "./glance.ts";
import { chooseMachine } from "./machine-choice.ts";
import { createServer, type NovaServer, type NovaServerRequest, readServer } from "./nova.ts";
import type { OpenStackSettings } from "./options.ts";
import type { Placement } from "./placement.ts";
import { ensureSecurityGroup } from "./security-group.ts";
import { ensureKeyPair, ensureServerGroup } from "./shared-things.ts";

/** A lost create is sent again only after nobody saw it, and not more often than this. */
const MAX_SENDS = 3;

/**
 * Sends the create, and makes sure that it was carried out once.
 *
 * @returns when the server is known to Nova: its id; undefined where the answer was lost, and another run may have made it.
 */
export async function createMachine(
  cloud: Cloud,
  settings: OpenStackSettings,
  request: MachineRequest,
  context: ProviderContext,
): Promise<string | undefined> {
  const { body, serverGroup } = await prepare(cloud, settings, request, context);
  context.progress(
    `creating (image ${body.metadata["bootmachine-image"]}, size ${body.metadata["bootmachine-size"]})`,
  );
  const key = machineName(context.stack, request.server);
  for (let sends = 1; ; sends += 1) {
    let failure: ProviderError;
    try {
      const id = await sayingNothingWasMade(createServer(cloud.client, body, serverGroup, context));
      cloud.made.set(key, id);
      if ((await lookFor(cloud, settings, request, context)) !== undefined) return id;
      // A list may lag behind for longer; the server itself answers at once.
      if ((await readServer(cloud.client, id, context)) !== undefined) return id;
      cloud.made.delete(key);
      context.progress("the cloud accepted the create and knows nothing of it");
      failure = acceptedAndLost(request.server);
    } catch (thrown) {
      if (!(thrown instanceof AnswerLostError)) throw thrown;
      context.progress("the answer to the create did not come: looking for the server");
      if ((await lookFor(cloud, settings, request, context)) !== undefined) return undefined;
      failure = thrown;
    }
    if (sends === MAX_SENDS) throw failure;
    // If the first one appears after all, both bear our marks, and the younger one is removed.
  }
}

function acceptedAndLost(server: string): ProviderError {
  return new ProviderError(
    "PROVIDER_UNAVAILABLE",
    `OpenStack accepted the create of ${server} ${MAX_SENDS} times, and shows no such server.`,
    {
      server,
      hint: "Something is broken at the cloud: its support can follow the request ids of the journal.",
    },
  );
}

/** The server that a lost answer was about, or that another run has made in between. */
async function lookFor(
  cloud: Cloud,
  settings: OpenStackSettings,
  request: MachineRequest,
  context: ProviderContext,
): Promise<NovaServer | undefined> {
  try {
    return await cloud.watch.until(
      {
        claim: (servers) => servers.find((server) => isOf(server, context.stack, request.server)),
        limitMs: settings.settleMs,
        what: "The server of a create was not seen",
      },
      context,
    );
  } catch (thrown) {
    if (thrown instanceof TimeoutError) return undefined;
    throw thrown;
  }
}

interface Prepared {
  readonly body: NovaServerRequest;
  readonly serverGroup: string | undefined;
}

/** Everything that the create names; what the stack shares is made here. */
async function prepare(
  cloud: Cloud,
  settings: OpenStackSettings,
  request: MachineRequest,
  context: ProviderContext,
): Promise<Prepared> {
  const { stack } = context;
  const { image, flavor, leastDiskGb, placement, login } = await chooseMachine(
    cloud,
    settings,
    request,
    context,
  );
  // What is wrong with the wishes is known by now: only then is anything made.
  // Where one of them fails, the others end first: whoever removes what the stack shares must not race them.
  const making = [
    securityGroups(cloud, settings, stack, placement, context),
    ensureKeyPair(cloud, settings.keyPair, stack, request.bootstrapKeys, context),
    ensureServerGroup(cloud, settings.serverGroup, stack, context),
  ] as const;
  await Promise.allSettled(making);
  const [groups, keyName, serverGroup] = await Promise.all(making);
  const hostKey = settings.hostIdentity === "injected" ? makeKeyPair() : undefined;
  const metadata = toMetadata({
    stack,
    request,
    login,
    image: image.name ?? image.id,
    size: flavor.name,
    hostKey: hostKey?.publicKey,
  });
  const userData = firstBootData({
    bootstrapKeys: request.bootstrapKeys,
    hostKey,
    nonce: request.token,
  });
  return {
    serverGroup,
    body: {
      name: machineName(stack, request.server),
      flavorRef: flavor.id,
      ...disk(settings, image, leastDiskGb),
      networks: placement.networks.map(({ id }) => ({ uuid: id })),
      metadata,
      user_data: Buffer.from(userData).toString("base64"),
      config_drive: settings.configDrive,
      ...(groups.length === 0 ? {} : { security_groups: groups.map((name) => ({ name })) }),
      ...(keyName === undefined ? {} : { key_name: keyName }),
      ...(settings.availabilityZone === undefined
        ? {}
        : { availability_zone: settings.availabilityZone }),
    },
  };
}

async function securityGroups(
  cloud: Cloud,
  settings: OpenStackSettings,
  stack: string,
  { takesGroups, groups }: Placement,
  context: ProviderContext,
): Promise<readonly string[]> {
  if (!takesGroups) return [];
  if (!settings.ownSecurityGroup) return groups;
  const own = await cloud.shared(
    groupKey(stack),
    context,
    async (caller: Caller) => await ensureSecurityGroup(cloud.client, stack, caller),
  );
  return [own, ...groups];
}

/** Under which the id of the stack's group is kept while a run lasts. */
export function groupKey(stack: string): string {
  return `security group of ${stack}`;
}

/** @param leastGb what the wish for a size asks for */
function disk(
  settings: OpenStackSettings,
  image: GlanceImage,
  leastGb: number,
): Pick<NovaServerRequest, "imageRef" | "block_device_mapping_v2"> {
  const { bootVolume } = settings;
  if (bootVolume === undefined) return { imageRef: image.id };
  return {
    imageRef: "",
    block_device_mapping_v2: [
      {
        boot_index: 0,
        uuid: image.id,
        source_type: "image",
        destination_type: "volume",
        volume_size: Math.max(bootVolume.sizeGb, leastGb, image.min_disk),
        delete_on_termination: true,
        ...(bootVolume.type === undefined ? {} : { volume_type: bootVolume.type }),
      },
    ],
  };
}
