import type { ImageInfo, SizeInfo, SizeWish } from "../providers/contract.ts";
import { nearestWord } from "../stack/suggest.ts";
import { compareSizes, imageOf, sizeOf } from "../stack/wishes.ts";
import { sanitize } from "./display-width.ts";
import { count } from "./duration.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";

export interface ChoiceOptions {
  /** All of them must occur, in whatever case. */
  readonly words: readonly string[];
  /** The width of the terminal; Infinity in a pipe. */
  readonly columns: number;
  /** So many lines at most; Infinity: all. */
  readonly most: number;
  readonly style: Style;
}

/** What sizes must have at least. */
export interface SizeNeeds {
  readonly cpus?: number | undefined;
  readonly memoryGb?: number | undefined;
  readonly diskGb?: number | undefined;
}

/** The images in whose name, title, distro or note every word occurs; those of one distro stand together, as the provider orders them. */
export function searchImages(
  images: readonly ImageInfo[],
  words: readonly string[],
): readonly ImageInfo[] {
  return images
    .filter(({ name, title, distro = "", note = "" }) => hasAll([name, title, distro, note], words))
    .toSorted((one, other) => compareDistros(one.distro, other.distro));
}

/** The sizes in whose name or note every word occurs and that have what is needed, the smallest first. */
export function searchSizes(
  sizes: readonly SizeInfo[],
  words: readonly string[],
  needs: SizeNeeds = {},
): readonly SizeInfo[] {
  return sizes
    .filter(({ name, note = "" }) => hasAll([name, note], words))
    .filter(
      ({ cpus, memoryMb, diskGb }) =>
        // What has no figures has all that there is.
        (needs.cpus === undefined || cpus === 0 || cpus >= needs.cpus) &&
        (needs.memoryGb === undefined || memoryMb === 0 || memoryMb >= needs.memoryGb * 1024) &&
        (needs.diskGb === undefined || diskGb === undefined || diskGb >= needs.diskGb),
    )
    .toSorted(compareSizes);
}

/** The images as a table, and how a server asks for one of them. */
export function renderImages(
  images: readonly ImageInfo[],
  options: ChoiceOptions,
): readonly string[] {
  const found = searchImages(images, options.words);
  const [example] = found.filter(({ distro }) => distro !== undefined);
  const rows = found.map(({ name, distro, title, note }) =>
    [name, distro ?? "-", title, note ?? ""].map(sanitize),
  );
  const neutral =
    example?.distro === undefined
      ? undefined
      : `A server says image: ${JSON.stringify(imageOf({ distro: example.distro }, found)?.name)}, or { distro: ${JSON.stringify(example.distro)} }: the newest image of it.`;
  return renderChoices("image", ["IMAGE", "DISTRO", "WHAT IT IS", "NOTE"], rows, {
    ...options,
    names: images.flatMap(({ name, distro }) => (distro === undefined ? [name] : [name, distro])),
    neutral,
  });
}

/** The sizes as a table, and how a server asks for one of them. */
export function renderSizes(
  sizes: readonly SizeInfo[],
  options: ChoiceOptions & { readonly needs?: SizeNeeds },
): readonly string[] {
  const { needs = {} } = options;
  const found = searchSizes(sizes, options.words, needs);
  const rows = found.map(({ name, cpus, memoryMb, diskGb, note, isDefault = false }) => [
    sanitize(name),
    cpus === 0 ? "all" : String(cpus),
    memoryMb === 0 ? "all" : formatMemory(memoryMb),
    diskGb === undefined ? "-" : `${diskGb} GB`,
    sanitize([...(isDefault ? ["default"] : []), ...(note === undefined ? [] : [note])].join(", ")),
  ]);
  const [example] = found.filter(({ cpus, memoryMb }) => cpus > 0 && memoryMb > 0);
  const wish: SizeWish | undefined =
    example === undefined
      ? undefined
      : {
          cpus: needs.cpus ?? example.cpus,
          memoryGb: needs.memoryGb ?? example.memoryMb / 1024,
          ...(needs.diskGb === undefined ? {} : { diskGb: needs.diskGb }),
        };
  const meant = wish === undefined ? undefined : sizeOf(wish, found);
  const neutral =
    wish === undefined || meant === undefined
      ? undefined
      : `A server says size: ${JSON.stringify(meant.name)}, or ${formatWish(wish)}: the smallest that fits.`;
  return renderChoices("size", ["SIZE", "CPUS", "MEMORY", "DISK", "NOTE"], rows, {
    ...options,
    names: sizes.map(({ name }) => name),
    neutral,
  });
}

function renderChoices(
  kind: "image" | "size",
  head: readonly string[],
  rows: readonly (readonly string[])[],
  options: ChoiceOptions & {
    readonly names: readonly string[];
    readonly neutral: string | undefined;
  },
): readonly string[] {
  const { words, names, most, neutral } = options;
  if (rows.length === 0) {
    if (names.length === 0) return [`No ${kind}s to choose from: the provider has none.`];
    const nearest = words
      .map((word) => nearestWord(word, names))
      .find((word) => word !== undefined);
    return [
      `No ${kind} fits. ${nearest === undefined ? `\`bootmachine ${kind}s\` lists all of them.` : `Did you mean "${nearest}"?`}`,
    ];
  }
  const shown = rows.slice(0, most);
  const hidden = rows.length - shown.length;
  return [
    ...renderTable(head, shown, options),
    "",
    hidden === 0
      ? `${count(rows.length, kind)}.`
      : `${count(shown.length, kind)} of ${rows.length}. Words narrow it down, such as \`bootmachine ${kind}s ${exampleWord(kind, rows)}\`; --all shows all.`,
    ...(neutral === undefined ? [] : [neutral]),
  ];
}

/** A word that would leave less: what the last of the hidden begins with. */
function exampleWord(kind: "image" | "size", rows: readonly (readonly string[])[]): string {
  const [name = "", distro = "-"] = rows.at(-1) ?? [];
  return (kind === "image" && distro !== "-" ? distro : name).split(/[-. ]/)[0] ?? kind;
}

function hasAll(texts: readonly string[], words: readonly string[]): boolean {
  const text = texts.join("\n").toLowerCase();
  return words.every((word) => text.includes(word.toLowerCase()));
}

/** By name, the newest release first; what is of no known distro comes last. */
function compareDistros(one: string | undefined, other: string | undefined): number {
  if (one === other) return 0;
  if (one === undefined || other === undefined) return one === undefined ? 1 : -1;
  const [name, otherName] = [one, other].map((text) => text.replace(/-[0-9.]+$/, ""));
  return name === otherName
    ? other.localeCompare(one, "en", { numeric: true })
    : one.localeCompare(other, "en");
}

function formatMemory(memoryMb: number): string {
  return memoryMb < 1024 ? `${memoryMb} MB` : `${Math.round((memoryMb / 1024) * 100) / 100} GB`;
}

function formatWish(wish: Exclude<SizeWish, string>): string {
  const parts = Object.entries(wish).map(([key, value]) => `${key}: ${value}`);
  return `{ ${parts.join(", ")} }`;
}
