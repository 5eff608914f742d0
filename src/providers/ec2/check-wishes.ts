import { nearestWord } from "../../stack/suggest.ts";
import { imageText, sizeText } from "../../stack/wishes.ts";
import type { ImageWish, MachineRequest, SizeWish, WishProblem } from "../contract.ts";
import type { Ec2Image, Ec2Type } from "./images.ts";
import { findKnown, isListed, isParameter } from "./known-images.ts";
import type { Ec2Settings } from "./options.ts";
import { missingSsmSdk } from "./sdk.ts";
import { architectureOf, findType, sizeWishes } from "./size-wishes.ts";

/** What the last lists held. */
export interface KnownChoice {
  images?: readonly Ec2Image[];
  types?: readonly Ec2Type[];
}

/** What is wrong with the wishes for a server, as far as the last lists tell. */
export function checkWishes(
  settings: Ec2Settings,
  known: KnownChoice,
  { image, size }: Pick<MachineRequest, "image" | "size">,
): readonly WishProblem[] {
  const sizes = sizeWishes(size ?? settings.size);
  const imageWish = image ?? settings.image;
  const architecture =
    settings.architecture ?? architectureOf(sizes, known.types ?? []) ?? "x86_64";
  if (imageWish === undefined)
    return [
      {
        about: "image",
        message: "ec2 needs to know the image: name one here, or one for all in ec2({ image })",
      },
    ];
  const missing = isParameter(imageWish) ? missingSsmSdk() : undefined;
  return [
    ...(missing === undefined
      ? []
      : [{ about: "image" as const, message: `an image of ec2 by parameter ${missing}` }]),
    ...(known.images !== undefined &&
    isListed(imageWish) &&
    findKnown(imageWish, known.images, architecture) === undefined
      ? [{ about: "image" as const, message: imageUnknown(imageWish, known.images) }]
      : []),
    ...sizes
      .flatMap((wish) => sizeProblems(wish, known.types, architecture))
      .map((message) => ({ about: "size" as const, message })),
  ];
}

function imageUnknown(wish: ImageWish, images: readonly Ec2Image[]): string {
  const nearest =
    typeof wish === "string"
      ? nearestWord(
          wish,
          images.map(({ name }) => name),
        )
      : undefined;
  return `ec2 has no image ${imageText(wish)}; ${nearest === undefined ? "an id is such as ami-0123456789abcdef0" : `did you mean "${nearest}"?`}`;
}

function sizeProblems(
  wish: SizeWish,
  types: readonly Ec2Type[] | undefined,
  architecture: string,
): readonly string[] {
  if (types === undefined) {
    if (typeof wish !== "string" || /^[a-z0-9-]+\.[a-z0-9-]+$/.test(wish)) return [];
    return [`ec2 has no size "${wish}"; an instance type is such as "t3.small"`];
  }
  if (findType(wish, types, architecture) !== undefined) return [];
  const nearest =
    typeof wish === "string"
      ? nearestWord(
          wish,
          types.map(({ name }) => name),
        )
      : undefined;
  return [
    `ec2 has no size ${sizeText(wish)}${nearest === undefined ? "" : `; did you mean "${nearest}"?`}`,
  ];
}
