import { publishedDistroOf } from "./distro-images.ts";
import type { Architecture, Ec2Image } from "./images.ts";
import type { ImageChoice } from "./options.ts";

/** The id of an image. */
export const AMI: RegExp = /^ami-[0-9a-f]{8,17}$/;

/** An image of the list: by name, by id or by distro. */
export function findKnown(
  wish: string | { readonly distro: string },
  images: readonly Ec2Image[],
  architecture: Architecture,
): Ec2Image | undefined {
  if (typeof wish === "string") return images.find(({ id, name }) => id === wish || name === wish);
  return images.find(
    (image) => image.architecture === architecture && publishedDistroOf(image) === wish.distro,
  );
}

/** Whether the list can tell that there is no such image: ids and parameters it cannot. */
export function isListed(wish: ImageChoice): wish is string | { readonly distro: string } {
  if (typeof wish !== "string") return "distro" in wish;
  return !AMI.test(wish) && !isParameter(wish);
}

/** Whether the image is what a parameter of the Systems Manager holds. */
export function isParameter(wish: ImageChoice): boolean {
  return typeof wish === "string" ? wish.startsWith("/") : "ssm" in wish;
}
