import type { ImageInfo, SizeInfo } from "../contract.ts";
import { publishedDistroOf } from "./distro-images.ts";
import type { Ec2Image, Ec2Type } from "./images.ts";
import type { Ec2Settings } from "./options.ts";
import { architectureOf, findType, sizeWishes } from "./size-wishes.ts";

/** The account's own images, and the newest one that each distro publishes of each release and architecture. */
export function imageList(images: readonly Ec2Image[]): readonly ImageInfo[] {
  const seen = new Set<string>();
  return images.flatMap((image) => {
    const distro = publishedDistroOf(image);
    if (distro !== undefined) {
      const kind = `${distro} ${image.architecture}`;
      if (seen.has(kind)) return [];
      seen.add(kind);
    }
    const day = image.createdAt === "" ? "" : `, of ${image.createdAt.slice(0, 10)}`;
    const isNamed = image.name !== "";
    return [
      {
        name: isNamed ? image.name : image.id,
        title: `${image.id}${day}`,
        ...(distro === undefined ? {} : { distro }),
        note: distro === undefined ? `yours, ${image.architecture}` : image.architecture,
      },
    ];
  });
}

/**
 * All instance types, with words to search for. Their disks are volumes, as large as one asks for. The first size of the
 * options is what a server gets that asks for none.
 */
export function sizeList(
  types: readonly Ec2Type[],
  settings: Pick<Ec2Settings, "size" | "architecture">,
): readonly SizeInfo[] {
  const wishes = sizeWishes(settings.size);
  const architecture = settings.architecture ?? architectureOf(wishes, types) ?? "x86_64";
  const [first] = wishes;
  const own = first === undefined ? undefined : findType(first, types, architecture);
  return types
    .toSorted(
      (one, other) =>
        one.memoryMb - other.memoryMb ||
        one.cpus - other.cpus ||
        one.name.localeCompare(other.name),
    )
    .map((type) => ({
      name: type.name,
      cpus: type.cpus,
      memoryMb: type.memoryMb,
      note: [
        ...type.architectures,
        ...(type.isBurstable ? ["burstable"] : []),
        ...(type.isAccelerated ? ["accelerated"] : []),
        ...(type.isBareMetal ? ["bare metal"] : []),
        ...(type.isCurrent ? [] : ["previous generation"]),
      ].join(", "),
      ...(type === own ? { isDefault: true } : {}),
    }));
}
