import { UserError } from "../../errors/error.ts";
import { nearestWord } from "../../stack/suggest.ts";
import { distroInName, imageText, sizeOf, sizeText } from "../../stack/wishes.ts";
import type { SizeInfo, SizeWish } from "../contract.ts";
import type { GlanceImage } from "./glance.ts";
import type { NovaFlavor } from "./nova-choices.ts";
import type { ImageChoice, NewestImage, OpenStackSettings } from "./options.ts";

const UUID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/** Whether it can be asked for where no list has it. */
export function isImageId(wish: ImageChoice): wish is string {
  return typeof wish === "string" && UUID.test(wish);
}

/** The image that is meant; of several that fit the newest. */
export function findImage(
  wish: ImageChoice,
  images: readonly GlanceImage[],
): GlanceImage | undefined {
  const [newest] = images
    .filter((image) => fitsImage(wish, image))
    .toSorted((one, other) => other.created_at.localeCompare(one.created_at));
  return newest;
}

/** The image that is meant. @throws UserError IMAGE_UNKNOWN, with near names */
export function chooseImage(wish: ImageChoice, images: readonly GlanceImage[]): GlanceImage {
  const found = findImage(wish, images);
  if (found !== undefined) return found;
  const names = images.flatMap(({ name }) => (typeof name === "string" ? [name] : []));
  const text = choiceText(wish);
  throw new UserError("IMAGE_UNKNOWN", `OpenStack has no active image ${text}.`, {
    hint: nearNames(text, names, "images"),
  });
}

export function choiceText(wish: ImageChoice): string {
  return typeof wish === "object" && "newest" in wish ? newestText(wish) : imageText(wish);
}

export function newestText(wish: NewestImage): string {
  return `like ${wish.newest}`;
}

function fitsImage(wish: ImageChoice, image: GlanceImage): boolean {
  if (typeof wish === "string")
    return image.name === wish || (isImageId(wish) && image.id === wish);
  if ("distro" in wish) return distroOf(image) === wish.distro;
  const pattern = wish.newest
    .split("*")
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join(".*");
  return (
    new RegExp(`^${pattern}$`).test(image.name ?? "") &&
    Object.entries(wish.properties).every(
      ([name, value]) => (image as Readonly<Record<string, unknown>>)[name] === value,
    )
  );
}

/** `debian-12`: by the image's own properties, or by its name, as most clouds call them. */
export function distroOf(image: GlanceImage): string | undefined {
  const { name } = image;
  const distro = image.os_distro ?? reversedName(image["org.openstack__1__os_distro"]);
  const version = image.os_version ?? image["org.openstack__1__os_version"];
  if (typeof distro === "string" && typeof version === "string" && version !== "") {
    // Ubuntu's release is 24.04; others count whole numbers.
    const release = distro === "ubuntu" ? version : (version.split(".")[0] ?? version);
    return `${distro.toLowerCase()}-${release}`;
  }
  return distroInName(name ?? "");
}

/** Rackspace's form: "org.debian". */
function reversedName(text: unknown): string | undefined {
  return typeof text === "string" ? text.replace(/^(org|com)\./, "") : undefined;
}

/** The users of the distros' own cloud images. */
const USERS: Readonly<Record<string, string>> = {
  debian: "debian",
  ubuntu: "ubuntu",
  rocky: "rocky",
  almalinux: "almalinux",
  centos: "cloud-user",
  fedora: "fedora",
  opensuse: "opensuse",
  arch: "arch",
};

/** Who may log in first; undefined: nothing tells. */
export function loginUserOf(image: GlanceImage): string | undefined {
  if (typeof image.os_admin_user === "string" && image.os_admin_user !== "")
    return image.os_admin_user;
  return USERS[distroOf(image)?.replace(/-.*$/, "") ?? ""];
}

/** The flavor that is meant: by name or id, or the smallest that has what is needed and what the image asks for. */
export function chooseFlavor(
  wish: SizeWish,
  flavors: readonly NovaFlavor[],
  image: Pick<GlanceImage, "min_disk" | "min_ram">,
  hasBootVolume: boolean,
): NovaFlavor | undefined {
  if (typeof wish === "string") return flavors.find(({ name, id }) => name === wish || id === wish);
  const choices = flavors
    .filter(
      ({ ram, disk }) =>
        ram >= image.min_ram && (hasBootVolume || (disk > 0 && disk >= image.min_disk)),
    )
    .map((flavor) => ({
      flavor,
      name: flavor.name,
      cpus: flavor.vcpus,
      memoryMb: flavor.ram,
      ...(hasBootVolume ? {} : { diskGb: flavor.disk }),
    }));
  return sizeOf(wish, choices)?.flavor;
}

/** The same. @throws UserError SIZE_UNKNOWN, with near names */
export function requireFlavor(
  wish: SizeWish,
  flavors: readonly NovaFlavor[],
  image: Pick<GlanceImage, "min_disk" | "min_ram">,
  hasBootVolume: boolean,
): NovaFlavor {
  const found = chooseFlavor(wish, flavors, image, hasBootVolume);
  if (found !== undefined) return found;
  const names = flavors.map(({ name }) => name);
  throw new UserError("SIZE_UNKNOWN", `OpenStack has no flavor ${sizeText(wish)}.`, {
    hint: nearNames(typeof wish === "string" ? wish : "", names, "sizes"),
  });
}

/** All flavors; the one of the options is what a server gets that asks for none. */
export function sizeList(
  flavors: readonly NovaFlavor[],
  { image, size, bootVolume }: Pick<OpenStackSettings, "image" | "size" | "bootVolume">,
  images: readonly GlanceImage[],
): readonly SizeInfo[] {
  const needs = (image === undefined ? undefined : findImage(image, images)) ?? {
    min_disk: 0,
    min_ram: 0,
  };
  const own =
    size === undefined ? undefined : chooseFlavor(size, flavors, needs, bootVolume !== undefined);
  return flavors.map((flavor) => ({
    name: flavor.name,
    cpus: flavor.vcpus,
    memoryMb: flavor.ram,
    ...(flavor.disk === 0 ? { note: "no disk of its own" } : { diskGb: flavor.disk }),
    ...(flavor === own ? { isDefault: true } : {}),
  }));
}

/** What there is, in a sentence: a cloud may have hundreds. */
export function nearNames(word: string, names: readonly string[], command: string): string {
  const nearest = nearestWord(word, names);
  const list = `\`bootmachine ${command}\` lists the ${names.length} that there are.`;
  return nearest === undefined ? list : `Did you mean "${nearest}"? ${list}`;
}
