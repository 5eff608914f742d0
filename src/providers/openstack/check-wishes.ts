import { imageText, sizeText } from "../../stack/wishes.ts";
import type { Provider, WishProblem } from "../contract.ts";
import type { GlanceImage } from "./glance.ts";
import type { NovaFlavor } from "./nova-choices.ts";
import type { OpenStackSettings } from "./options.ts";
import { chooseFlavor, findImage, isImageId, newestText, nearNames } from "./wishes.ts";

/** What the last lists held; undefined: nobody has asked yet. */
export interface KnownChoice {
  images?: readonly GlanceImage[];
  sizes?: readonly NovaFlavor[];
}

/** What is wrong with a server's image and size, or with those of all servers, as far as the lists are known. */
export function checkWishes(
  provider: string,
  settings: Pick<OpenStackSettings, "image" | "size" | "bootVolume">,
  known: KnownChoice,
  request: Parameters<Provider["check"]>[0],
): readonly WishProblem[] {
  const problems: WishProblem[] = [];
  const image = request.image ?? settings.image;
  const size = request.size ?? settings.size;
  for (const [kind, wish] of [
    ["image", image],
    ["size", size],
  ] as const) {
    if (wish === undefined)
      problems.push({
        about: "size",
        message: `${provider} needs to know the ${kind}: name one here, or one for all in ${provider}({ ${kind} })`,
      });
  }
  const found =
    image === undefined || known.images === undefined ? undefined : findImage(image, known.images);
  const isListed = image !== undefined && !isImageId(image);
  if (isListed && known.images !== undefined && found === undefined) {
    const text = typeof image === "object" && "newest" in image ? newestText(image) : quoted(image);
    const names = known.images.flatMap(({ name }) => (typeof name === "string" ? [name] : []));
    problems.push({
      about: "image",
      message: `${provider} has no active image ${text}; ${nearNames(typeof image === "string" ? image : "", names, "images")}`,
    });
  }
  if (size !== undefined && known.sizes !== undefined) {
    const needs = found ?? { min_disk: 0, min_ram: 0 };
    if (chooseFlavor(size, known.sizes, needs, settings.bootVolume !== undefined) === undefined) {
      const text = typeof size === "string" ? `"${size}"` : sizeText(size);
      const names = known.sizes.map(({ name }) => name);
      problems.push({
        about: "size",
        message: `${provider} has no size ${text}; ${nearNames(typeof size === "string" ? size : "", names, "sizes")}`,
      });
    }
  }
  return problems;
}

const quoted = (wish: string | { readonly distro: string }): string =>
  typeof wish === "string" ? `"${wish}"` : imageText(wish);
