import type { ImageInfo, SizeInfo } from "../contract.ts";
import { publishedDistroOf } from "./distro-images.ts";
import type { Ec2Image, Ec2Type } from "./images.ts";

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

/** All instance types, with words to search for. Their disks are volumes, as large as one asks for. */
export function sizeList(types: readonly Ec2Type[]): readonly SizeInfo[] {
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
    }));
}
