import type { Caller } from "../../cloud/caller.ts";
import { UserError } from "../../errors/error.ts";
import type { ServerWish } from "../contract.ts";
import type { Cloud } from "./cloud.ts";
import { chooseExternal } from "./floating-ips.ts";
import type { GlanceImage } from "./glance.ts";
import type { NovaFlavor } from "./nova-choices.ts";
import type { OpenStackSettings } from "./options.ts";
import { choosePlacement, type Placement } from "./placement.ts";
import { choiceText, loginUserOf, requireFlavor } from "./wishes.ts";

/** What a new server is made of and where it is put, of what the cloud has. */
export interface MachineChoice {
  readonly image: GlanceImage;
  readonly flavor: NovaFlavor;
  /** What the wish for a size asks for the root disk, GiB; 0: nothing. */
  readonly leastDiskGb: number;
  readonly placement: Placement;
  /** Who may log in first. */
  readonly login: string;
}

/**
 * Finds all that the config names for a server, and makes nothing. What does not change while a run lasts is asked for once,
 * by all servers together.
 *
 * @throws UserError IMAGE_UNKNOWN, SIZE_UNKNOWN, CONFIG_INVALID; ProviderError PROVIDER_NOT_FOUND, with near names
 */
export async function chooseMachine(
  cloud: Cloud,
  settings: OpenStackSettings,
  request: Pick<ServerWish, "server" | "image" | "size">,
  caller: Caller,
): Promise<MachineChoice> {
  const imageWish = request.image ?? settings.image;
  const sizeWish = request.size ?? settings.size;
  if (imageWish === undefined || sizeWish === undefined) {
    const lacks = imageWish === undefined ? "image" : "size";
    throw new UserError("CONFIG_INVALID", `No ${lacks} is named for ${request.server}.`, {
      hint: `Set \`${lacks}\` of the server or of openstack(); \`bootmachine ${lacks}s\` lists what there is.`,
    });
  }
  const [image, flavors, placement] = await Promise.all([
    cloud.image(imageWish, caller),
    cloud.flavors(caller),
    choosePlacement(cloud, settings, caller),
    refuseNoExternal(cloud, settings.floatingIps, caller),
  ]);
  const flavor = requireFlavor(sizeWish, flavors, image, settings.bootVolume !== undefined);
  const login = settings.user ?? loginUserOf(image);
  if (login === undefined) throw loginUnknown(choiceText(imageWish));
  const leastDiskGb = typeof sizeWish === "object" ? (sizeWish.diskGb ?? 0) : 0;
  return { image, flavor, leastDiskGb, placement, login };
}

/** Else the server would be there, and its floating address would never come. */
async function refuseNoExternal(
  cloud: Cloud,
  wish: OpenStackSettings["floatingIps"],
  caller: Caller,
): Promise<void> {
  if (wish !== false) chooseExternal(wish, await cloud.networks(caller));
}

function loginUnknown(image: string): UserError {
  return new UserError(
    "CONFIG_INVALID",
    `Nothing tells who may log in first on the image ${image}.`,
    {
      hint: 'Set openstack({ user: "…" }); images may say it themselves with the property os_admin_user.',
    },
  );
}
