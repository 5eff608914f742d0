import { UserError } from "../../errors/error.ts";
import { nearestWord } from "../../stack/suggest.ts";
import { sizeText } from "../../stack/wishes.ts";
import type { SizeWish } from "../contract.ts";
import type { Architecture, Ec2Image, Ec2Type } from "./images.ts";

/** A size of a wish list: several where one may lack capacity. */
export function sizeWishes(wish: SizeWish | readonly SizeWish[]): readonly SizeWish[] {
  return isList(wish) ? wish : [wish];
}

function isList(wish: SizeWish | readonly SizeWish[]): wish is readonly SizeWish[] {
  return Array.isArray(wish);
}

/** The architecture of the first type that is named; undefined: none is. */
export function architectureOf(
  wishes: readonly SizeWish[],
  types: readonly Ec2Type[],
): Architecture | undefined {
  const name = wishes.find((wish) => typeof wish === "string");
  const type = types.find((one) => one.name === name);
  if (type === undefined) return undefined;
  return type.architectures.includes("x86_64") ? "x86_64" : "arm64";
}

/**
 * The types that are meant, in the order in which they are tried.
 *
 * @throws UserError SIZE_UNKNOWN, with near names; CONFIG_INVALID where a type cannot run the image.
 */
export function chooseTypes(
  wishes: readonly SizeWish[],
  types: readonly Ec2Type[],
  image: Pick<Ec2Image, "id" | "architecture">,
): readonly Ec2Type[] {
  const chosen = wishes.map((wish) => {
    const type = findType(wish, types, image.architecture);
    if (type === undefined) throw sizeUnknown(wish, types);
    if (!type.architectures.includes(image.architecture)) {
      throw new UserError(
        "CONFIG_INVALID",
        `The size ${type.name} is ${type.architectures.join(", ")}, and the image ${image.id} is ${image.architecture}.`,
        { hint: "Choose an image or a size of the other architecture." },
      );
    }
    return type;
  });
  return [...new Set(chosen)];
}

/** By name, or the smallest that has what is needed: of those that plain servers run on, if there is one. */
export function findType(
  wish: SizeWish,
  types: readonly Ec2Type[],
  architecture: string,
): Ec2Type | undefined {
  if (typeof wish === "string") return types.find(({ name }) => name === wish);
  const [smallest] = types
    .filter(
      (type) =>
        type.cpus >= wish.cpus &&
        type.memoryMb >= wish.memoryGb * 1024 &&
        type.architectures.includes(architecture),
    )
    .toSorted(smallestFirst);
  return smallest;
}

/** Of those of one size the burstable ones cost least; the newer hypervisor has the newer processors. */
function smallestFirst(one: Ec2Type, other: Ec2Type): number {
  return (
    Number(isPlain(other)) - Number(isPlain(one)) ||
    one.memoryMb - other.memoryMb ||
    one.cpus - other.cpus ||
    Number(other.isBurstable) - Number(one.isBurstable) ||
    Number(other.isNitro) - Number(one.isNitro) ||
    one.name.localeCompare(other.name)
  );
}

function isPlain(type: Ec2Type): boolean {
  return type.isCurrent && !type.isBareMetal && !type.isAccelerated;
}

function sizeUnknown(wish: SizeWish, types: readonly Ec2Type[]): UserError {
  const names = types.map(({ name }) => name);
  const nearest = typeof wish === "string" ? nearestWord(wish, names) : undefined;
  const list = `\`bootmachine sizes\` lists the ${names.length} that there are.`;
  return new UserError(
    "SIZE_UNKNOWN",
    `EC2 has no instance type ${sizeText(wish)} in this region.`,
    {
      hint: nearest === undefined ? list : `Did you mean "${nearest}"? ${list}`,
    },
  );
}
