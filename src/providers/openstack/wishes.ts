import { UserError } from "../../errors/error.ts";
import { nearestWord } from "../../stack/suggest.ts";
import type { GlanceImage } from "./glance.ts";
import type { NovaFlavor } from "./nova.ts";
import type { ImageWish, SizeWish } from "./options.ts";

const UUID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/** The image that is meant; of several that fit the newest. @throws UserError IMAGE_UNKNOWN, with near names */
export function chooseImage(wish: ImageWish, images: readonly GlanceImage[]): GlanceImage {
  const [newest] = images
    .filter((image) => fitsImage(wish, image))
    .toSorted((one, other) => other.created_at.localeCompare(one.created_at));
  if (newest !== undefined) return newest;
  const names = images.flatMap(({ name }) => (typeof name === "string" ? [name] : []));
  const text = imageText(wish);
  throw new UserError("IMAGE_UNKNOWN", `OpenStack has no active image ${text}.`, {
    hint: unknownHint(text, names, "images"),
  });
}

export function imageText(wish: ImageWish): string {
  if (typeof wish === "string") return wish;
  return "distro" in wish ? `of the distro ${wish.distro}` : wish.newest;
}

function fitsImage(wish: ImageWish, image: GlanceImage): boolean {
  if (typeof wish === "string")
    return image.name === wish || (UUID.test(wish) && image.id === wish);
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
export function distroOf({
  os_distro: distro,
  os_version: version,
  name,
}: GlanceImage): string | undefined {
  if (typeof distro === "string" && typeof version === "string" && version !== "") {
    // Ubuntu's release is 24.04; others count whole numbers.
    const release = distro === "ubuntu" ? version : (version.split(".")[0] ?? version);
    return `${distro.toLowerCase()}-${release}`;
  }
  const match =
    /\b(debian|ubuntu|rocky|almalinux|centos|fedora|opensuse|arch)\D*?(\d+(?:\.\d+)?)/i.exec(
      (name ?? "").replaceAll("_", "-"),
    );
  return match === null ? undefined : `${match[1]?.toLowerCase()}-${match[2]}`;
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

/** The flavor that is meant: by name or id, or the smallest that has what is needed. @throws UserError SIZE_UNKNOWN */
export function chooseFlavor(
  wish: SizeWish,
  flavors: readonly NovaFlavor[],
  image: Pick<GlanceImage, "min_disk" | "min_ram">,
  hasBootVolume: boolean,
): NovaFlavor {
  const names = flavors.map(({ name }) => name);
  if (typeof wish === "string") {
    const found = flavors.find(({ name, id }) => name === wish || id === wish);
    if (found !== undefined) return found;
    throw new UserError("SIZE_UNKNOWN", `OpenStack has no flavor ${wish}.`, {
      hint: unknownHint(wish, names, "sizes"),
    });
  }
  const diskGb = Math.max(wish.diskGb ?? 0, image.min_disk);
  const [smallest] = flavors
    .filter(
      ({ vcpus, ram, disk }) =>
        vcpus >= wish.cpus &&
        ram >= Math.max(wish.memoryGb * 1024, image.min_ram) &&
        (hasBootVolume || (disk > 0 && disk >= diskGb)),
    )
    .toSorted(
      (one, other) =>
        one.ram - other.ram ||
        one.vcpus - other.vcpus ||
        one.disk - other.disk ||
        one.name.localeCompare(other.name),
    );
  if (smallest !== undefined) return smallest;
  throw new UserError(
    "SIZE_UNKNOWN",
    `OpenStack has no flavor with ${wish.cpus} vCPU, ${wish.memoryGb} GiB of memory${diskGb > 0 && !hasBootVolume ? ` and a disk of ${diskGb} GiB` : ""}.`,
    { hint: `\`bootmachine sizes\` lists the ${names.length} that there are.` },
  );
}

function unknownHint(word: string, names: readonly string[], command: string): string {
  const nearest = nearestWord(word, names);
  const list = `\`bootmachine ${command}\` lists the ${names.length} that there are.`;
  return nearest === undefined ? list : `Did you mean "${nearest}"? ${list}`;
}
