import type { Caller } from "../../cloud/caller.ts";
import { ProviderError, UserError } from "../../errors/error.ts";
import { suggestWord } from "../../stack/suggest.ts";
import type { ServerWish } from "../contract.ts";
import { choosePlaces, type Place } from "./capacity-ladder.ts";
import type { Cloud } from "./cloud.ts";
import { loginUserOf } from "./distro-images.ts";
import { refuseUnknownGroups } from "./further-groups.ts";
import { chooseImage } from "./image-wishes.ts";
import type { Ec2Image } from "./images.ts";
import { listKeyPairs } from "./key-pair-calls.ts";
import type { Ec2Settings } from "./options.ts";
import { architectureOf, chooseTypes, sizeWishes } from "./size-wishes.ts";

/** What the wishes for a server come to, of what is there already. */
export interface MachineChoice {
  readonly image: Ec2Image;
  /** In the order in which they are tried. */
  readonly places: readonly Place[];
  /** Who may log in first. */
  readonly login: string;
  /** GiB that the sizes ask for; 0: none does. */
  readonly diskGb: number;
}

/**
 * Finds all that the config names for a new machine; makes nothing. What servers have in common is asked for once.
 *
 * @throws UserError IMAGE_UNKNOWN, SIZE_UNKNOWN, with near names; CONFIG_INVALID for what does not go together;
 *   ProviderError PROVIDER_NOT_FOUND for a zone, subnet, key pair or security group
 */
export async function chooseMachine(
  cloud: Cloud,
  settings: Ec2Settings,
  request: Pick<ServerWish, "server" | "image" | "size">,
  caller: Caller,
): Promise<MachineChoice> {
  const wish = request.image ?? settings.image;
  if (wish === undefined) {
    throw new UserError("CONFIG_INVALID", `No image is named for ${request.server}.`, {
      hint: "Set `image` of the server or of ec2(); `bootmachine images` lists what there is.",
    });
  }
  const sizes = sizeWishes(request.size ?? settings.size);
  const [types, subnets] = await Promise.all([
    cloud.typesFor(sizes, caller),
    cloud.subnets(caller),
    refuseUnknownKeyPair(cloud, settings.keyPair, caller),
  ]);
  await refuseUnknownGroups(cloud, settings, subnets[0]?.vpc ?? "", caller);
  const architecture = settings.architecture ?? architectureOf(sizes, types) ?? "x86_64";
  const image = await cloud.shared(
    `image ${JSON.stringify(wish)} ${architecture}`,
    async () =>
      await chooseImage(
        wish,
        { api: cloud.api, architecture, known: async () => await cloud.images(caller) },
        caller,
      ),
  );
  const places = choosePlaces(chooseTypes(sizes, types, image), subnets, settings.spot);
  const login = settings.user ?? loginUserOf(image);
  if (login === undefined) throw loginUnknown(image);
  const diskGb = Math.max(
    ...sizes.map((size) => (typeof size === "string" ? 0 : (size.diskGb ?? 0))),
  );
  return { image, places, login, diskGb };
}

async function refuseUnknownKeyPair(
  cloud: Cloud,
  wish: Ec2Settings["keyPair"],
  caller: Caller,
): Promise<void> {
  if (typeof wish === "boolean") return;
  const pairs = await cloud.shared(
    "key pairs",
    async () => await listKeyPairs(cloud.api, {}, caller),
  );
  const names = pairs.map(({ name }) => name);
  if (names.includes(wish)) return;
  throw new ProviderError("PROVIDER_NOT_FOUND", `EC2 has no key pair ${wish} in this region.`, {
    hint: suggestWord(wish, names, "key pairs"),
  });
}

function loginUnknown({ id, name }: Ec2Image): UserError {
  return new UserError(
    "CONFIG_INVALID",
    `Nothing tells who may log in first on the image ${id} (${name}).`,
    { hint: 'Set ec2({ user: "…" }): the image\'s own user, such as "admin" on Debian\'s.' },
  );
}
