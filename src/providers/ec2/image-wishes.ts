import type { Caller } from "../../cloud/caller.ts";
import { UserError } from "../../errors/error.ts";
import { nearestWord } from "../../stack/suggest.ts";
import { imageText } from "../../stack/wishes.ts";
import type { Ec2Api } from "./client.ts";
import { DISTRO_OWNERS, distroPatterns, publishedDistroOf } from "./distro-images.ts";
import { type Architecture, type Ec2Image, listImages } from "./images.ts";
import { literal } from "./tags.ts";
import { AMI, findKnown } from "./known-images.ts";
import type { ImageChoice } from "./options.ts";
import { nearParameter, readParameter } from "./parameters.ts";

/** Images that can be listed: the account's own, and those that the distros publish. The newest first. */
export async function knownImages(api: Ec2Api, caller: Caller): Promise<readonly Ec2Image[]> {
  const [own, published] = await Promise.all([
    listImages(api, { Owners: ["self"] }, caller),
    listImages(
      api,
      { Owners: [...DISTRO_OWNERS], Filters: [{ Name: "name", Values: [...distroPatterns()] }] },
      caller,
    ),
  ]);
  return [...own, ...published.filter((image) => publishedDistroOf(image) !== undefined)].toSorted(
    newestFirst,
  );
}

export interface ImageSearch {
  readonly api: Ec2Api;
  readonly architecture: Architecture;
  /** The list above, asked for once. */
  readonly known: () => Promise<readonly Ec2Image[]>;
}

/** The image that is meant; of several that fit the newest. @throws UserError IMAGE_UNKNOWN, with near names */
export async function chooseImage(
  wish: ImageChoice,
  search: ImageSearch,
  caller: Caller,
): Promise<Ec2Image> {
  const found = await findImage(wish, search, caller);
  if (found !== undefined) return found;
  const names = (await search.known()).map(({ name }) => name);
  const text = choiceText(wish);
  const nearest = nearestWord(text, names);
  const list = "`bootmachine images` lists yours and the distros' own.";
  throw new UserError("IMAGE_UNKNOWN", `EC2 has no available image ${text} in this region.`, {
    hint: nearest === undefined ? list : `Did you mean "${nearest}"? ${list}`,
  });
}

async function findImage(
  wish: ImageChoice,
  search: ImageSearch,
  caller: Caller,
): Promise<Ec2Image | undefined> {
  const { api, architecture, known } = search;
  if (typeof wish !== "string" && "ssm" in wish) return await byParameter(api, wish.ssm, caller);
  if (typeof wish !== "string" && "name" in wish) {
    const images = await listImages(
      api,
      {
        Owners: [wish.owner],
        Filters: [{ Name: "name", Values: [wish.name.replaceAll("?", String.raw`\?`)] }],
      },
      caller,
    );
    const newest = images.toSorted(newestFirst);
    return newest.find((image) => image.architecture === architecture) ?? newest[0];
  }
  if (typeof wish !== "string") return findKnown(wish, await known(), architecture);
  if (AMI.test(wish)) return (await listImages(api, { ImageIds: [wish] }, caller))[0];
  if (wish.startsWith("/")) return await byParameter(api, wish, caller);
  return findKnown(wish, await known(), architecture);
}

async function byParameter(
  api: Ec2Api,
  path: string,
  caller: Caller,
): Promise<Ec2Image | undefined> {
  const id = await readParameter(api, path, caller);
  if (id === undefined) {
    const nearest = await nearParameter(api, path, caller);
    const list =
      "`aws ssm get-parameters-by-path --recursive --path /aws/service/debian` shows those that Debian publishes; Amazon and other distros have their own.";
    throw new UserError("IMAGE_UNKNOWN", `This region has no parameter ${path}.`, {
      hint: nearest === undefined ? list : `Did you mean "${nearest}"? ${list}`,
    });
  }
  if (!AMI.test(id)) {
    throw new UserError("IMAGE_UNKNOWN", `The parameter ${path} holds no image's id.`, {
      hint: `It holds ${id.slice(0, 60)}.`,
    });
  }
  return (await listImages(api, { ImageIds: [id] }, caller))[0];
}

export function choiceText(wish: ImageChoice): string {
  if (typeof wish === "string" || "distro" in wish) return imageText(wish);
  return "ssm" in wish
    ? `of the parameter ${wish.ssm}`
    : `like ${literalText(wish.name)} of ${wish.owner}`;
}

function literalText(pattern: string): string {
  return literal(pattern).replaceAll("\\", "");
}

function newestFirst(one: Ec2Image, other: Ec2Image): number {
  return other.createdAt.localeCompare(one.createdAt) || one.id.localeCompare(other.id);
}
