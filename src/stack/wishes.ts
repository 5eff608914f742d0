import type { ImageInfo, ImageWish, SizeInfo, SizeWish } from "../providers/contract.ts";

/** A wish in words that fit behind "image": `debian-13`, `of the distro debian-13`. */
export function imageText(wish: ImageWish): string {
  return typeof wish === "string" ? wish : `of the distro ${wish.distro}`;
}

/** A wish in words that fit behind "size": `small`, `with at least 2 CPUs and 4 GiB of memory`. */
export function sizeText(wish: SizeWish): string {
  if (typeof wish === "string") return wish;
  const { cpus, memoryGb, diskGb } = wish;
  const cpuText = cpus === 1 ? "1 CPU" : `${cpus} CPUs`;
  return diskGb === undefined
    ? `with at least ${cpuText} and ${memoryGb} GiB of memory`
    : `with at least ${cpuText}, ${memoryGb} GiB of memory and ${diskGb} GiB of disk`;
}

/** The distro that an image's name tells, as most clouds call them: `debian-12` of "Debian 12 (Bookworm)"; undefined: none. */
export function distroInName(name: string): string | undefined {
  const match =
    /\b(debian|ubuntu|rocky|almalinux|centos|fedora|opensuse|arch)\D*?(\d+(?:\.\d+)?)/i.exec(
      name.replaceAll("_", "-"),
    );
  return match === null ? undefined : `${match[1]?.toLowerCase()}-${match[2]}`;
}

/** The image that a wish means, in a list whose newest stand first; undefined: none. */
export function imageOf<I extends Pick<ImageInfo, "name" | "distro">>(
  wish: ImageWish,
  images: readonly I[],
): I | undefined {
  return images.find(({ name, distro }) =>
    typeof wish === "string" ? name === wish : distro === wish.distro,
  );
}

/**
 * The size that a wish means: of that name, or the smallest that has what is needed; undefined: none.
 *
 * A size that says nothing of its disk is not refused for it; one without a limit has all that is asked for. Of sizes that fit, the one with the least memory is the
 * smallest, then the one with the fewest CPUs, the least disk, the first name.
 */
export function sizeOf<S extends SizeInfo>(wish: SizeWish, sizes: readonly S[]): S | undefined {
  if (typeof wish === "string") return sizes.find(({ name }) => name === wish);
  const { cpus, memoryGb, diskGb = 0 } = wish;
  const [smallest] = sizes
    .filter(
      (size) =>
        orNoLimit(size.cpus) >= cpus &&
        orNoLimit(size.memoryMb) >= memoryGb * 1024 &&
        (size.diskGb === undefined || size.diskGb >= diskGb),
    )
    .toSorted(compareSizes);
  return smallest;
}

/** The order of sizes: by memory, CPUs, disk, name; what has no limit comes last. */
export function compareSizes(one: SizeInfo, other: SizeInfo): number {
  return (
    compare(orNoLimit(one.memoryMb), orNoLimit(other.memoryMb)) ||
    compare(orNoLimit(one.cpus), orNoLimit(other.cpus)) ||
    (one.diskGb ?? 0) - (other.diskGb ?? 0) ||
    one.name.localeCompare(other.name, "en", { numeric: true })
  );
}

const orNoLimit = (figure: number): number => (figure === 0 ? Number.POSITIVE_INFINITY : figure);

/** Infinity less infinity is no number. */
const compare = (one: number, other: number): number => (one === other ? 0 : one - other);
