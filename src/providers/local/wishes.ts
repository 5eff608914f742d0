import { statSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";

import { imageOf, imageText, sizeOf, sizeText } from "../../stack/wishes.ts";
import type { ImageWish, Provider, SizeInfo, SizeWish, WishProblem } from "../contract.ts";
import { DEBIAN_IMAGES, findDebianImage, isImagePath } from "./image-recipe.ts";
import { DEFAULT_SIZE, LOCAL_SIZES } from "./sizes.ts";

/** What is wrong with an image or a size, as far as it shows without looking at any file. */
export const checkWishes: Provider["check"] = ({ image, size }) => {
  const problems: WishProblem[] = [];
  if (image !== undefined && !isKnownImage(image)) {
    const known = DEBIAN_IMAGES.map((entry) => entry.name).join(", ");
    const text = typeof image === "string" ? `"${image}"` : imageText(image);
    problems.push({
      about: "image",
      message: `local has no image ${text}; it has ${known}, or the absolute path of a folder or tarball`,
    });
  }
  if (size !== undefined && sizeOf(size, ownSizes()) === undefined) {
    const text = typeof size === "string" ? `"${size}"` : sizeText(size);
    problems.push({
      about: "size",
      message: `local has no size ${text}; it has ${LOCAL_SIZES.map((entry) => entry.name).join(", ")}${typeof size === "string" ? "" : "; the last is all that this computer has"}`,
    });
  }
  return problems;
};

/** What is wrong with an image that is given by its path: it is not there. What cannot be seen may be there. */
export const checkImageFile: Provider["check"] = ({ image }) => {
  if (typeof image !== "string" || !isImagePath(image)) return [];
  try {
    if (statSync(image, { throwIfNoEntry: false }) !== undefined) return [];
  } catch {
    return [];
  }
  return [{ about: "image", message: `the image ${image} does not exist on this computer` }];
};

function isKnownImage(image: ImageWish): boolean {
  if (typeof image === "string") return isImagePath(image) || findDebianImage(image) !== undefined;
  return findDebianImage(image.distro) !== undefined;
}

/** The name of the image that is meant; the default where there is no wish. The wish was checked. */
export function imageNameOf(wish: ImageWish | undefined): string {
  if (typeof wish === "string") return wish;
  const images = DEBIAN_IMAGES.map(({ name }) => ({ name, distro: name }));
  const found = wish === undefined ? undefined : imageOf(wish, images);
  return found?.name ?? DEBIAN_IMAGES[0].name;
}

/** The name of the size that is meant; the default where there is no wish. The wish was checked. */
export function sizeNameOf(wish: SizeWish | undefined): string {
  if (wish === undefined) return DEFAULT_SIZE;
  return sizeOf(wish, ownSizes())?.name ?? "unlimited";
}

/** The sizes with figures: what has no limit has what this computer has. */
function ownSizes(): readonly SizeInfo[] {
  return LOCAL_SIZES.map((size) =>
    size.name === "unlimited"
      ? { ...size, cpus: availableParallelism(), memoryMb: Math.floor(totalmem() / 2 ** 20) }
      : size,
  );
}
