import { describe, expect, test } from "vitest";

import type { ImageInfo, SizeInfo } from "../../../src/providers/contract.ts";
import {
  renderImages,
  renderSizes,
  searchImages,
  searchSizes,
} from "../../../src/report/choices.ts";
import { plainStyle } from "../../../src/report/style.ts";

const OPTIONS = {
  words: [],
  columns: Number.POSITIVE_INFINITY,
  most: Number.POSITIVE_INFINITY,
  style: plainStyle,
};

const IMAGES: readonly ImageInfo[] = [
  { name: "appliance", title: "a firewall" },
  { name: "Debian 9", title: "of 2017", distro: "debian-9" },
  { name: "Debian 12 (new)", title: "of 2026", distro: "debian-12" },
  { name: "Debian 12", title: "of 2025", distro: "debian-12", note: "public" },
  { name: "Ubuntu 24.04", title: "noble", distro: "ubuntu-24.04" },
];

const SIZES: readonly SizeInfo[] = [
  { name: "all", cpus: 0, memoryMb: 0, note: "no limit" },
  { name: "m1.large", cpus: 4, memoryMb: 8192, diskGb: 80 },
  { name: "m1.small", cpus: 1, memoryMb: 2048, diskGb: 20 },
  { name: "c1.small", cpus: 2, memoryMb: 2048, diskGb: 20 },
  { name: "nano", cpus: 1, memoryMb: 512 },
];

describe("images", () => {
  test("those of one distro stand together, the newest release first, and how to ask for one is said", () => {
    expect(renderImages(IMAGES, OPTIONS)).toEqual([
      "IMAGE            DISTRO        WHAT IT IS  NOTE",
      "Debian 12 (new)  debian-12     of 2026",
      "Debian 12        debian-12     of 2025     public",
      "Debian 9         debian-9      of 2017",
      "Ubuntu 24.04     ubuntu-24.04  noble",
      "appliance        -             a firewall",
      "",
      "5 images.",
      'A server says image: "Debian 12 (new)", or { distro: "debian-12" }: the newest image of it.',
    ]);
  });

  test.each([
    [
      ["DEBIAN", "12"],
      ["Debian 12 (new)", "Debian 12"],
    ],
    [["noble"], ["Ubuntu 24.04"]],
    [["debian-9"], ["Debian 9"]],
    [["public"], ["Debian 12"]],
    [["debian", "firewall"], []],
    [[], IMAGES.length],
  ] as const)("every word of %j must occur, wherever", (words, names) => {
    const found = searchImages(IMAGES, words).map(({ name }) => name);
    if (typeof names === "number") expect(found).toHaveLength(names);
    else expect(found).toEqual(names);
  });

  test("a word that nothing fits, and a provider that has none", () => {
    expect(renderImages(IMAGES, { ...OPTIONS, words: ["debain-12"] })).toEqual([
      'No image fits. Did you mean "debian-12"?',
    ]);
    expect(renderImages(IMAGES, { ...OPTIONS, words: ["qqqqqqqq"] })).toEqual([
      "No image fits. `bootmachine images` lists all of them.",
    ]);
    expect(renderImages([], OPTIONS)).toEqual(["No images to choose from: the provider has none."]);
  });

  test("of hundreds the first are shown, and what to do is said", () => {
    const many = Array.from({ length: 300 }, (_, index) => ({
      name: `app-${index}`,
      title: "an appliance",
    }));
    const lines = renderImages([...many, ...IMAGES], { ...OPTIONS, most: 10 });
    expect(lines[1]).toMatch(/^Debian 12/);
    expect(lines.slice(11)).toEqual([
      "",
      "10 images of 305. Words narrow it down, such as `bootmachine images appliance`; --all shows all.",
      expect.stringContaining("debian-12"),
    ]);
  });

  test("what a cloud's users call their images cannot take the terminal over", () => {
    const [, line] = renderImages([{ name: "\u001B[31mred", title: "x" }], OPTIONS);
    expect(line).toMatch(/^red/);
  });
});

describe("sizes", () => {
  test("the smallest first, what has no limit last", () => {
    expect(renderSizes(SIZES, OPTIONS)).toEqual([
      "SIZE      CPUS  MEMORY  DISK   NOTE",
      "nano      1     512 MB  -",
      "m1.small  1     2 GB    20 GB",
      "c1.small  2     2 GB    20 GB",
      "m1.large  4     8 GB    80 GB",
      "all       all   all     -      no limit",
      "",
      "5 sizes.",
      'A server says size: "nano", or { cpus: 1, memoryGb: 0.5 }: the smallest that fits.',
    ]);
  });

  test("the provider's default says so", () => {
    const sizes = [
      { name: "one", cpus: 1, memoryMb: 512, isDefault: true },
      { name: "two", cpus: 1, memoryMb: 1024, isDefault: true, note: "old" },
    ];
    expect(renderSizes(sizes, OPTIONS).slice(1, 3)).toEqual([
      "one   1     512 MB  -     default",
      "two   1     1 GB    -     default, old",
    ]);
  });

  test("by what they must have", () => {
    const names = (needs: object): readonly string[] =>
      searchSizes(SIZES, [], needs).map(({ name }) => name);
    expect(names({ cpus: 2 })).toEqual(["c1.small", "m1.large", "all"]);
    expect(names({ memoryGb: 3 })).toEqual(["m1.large", "all"]);
    expect(names({ diskGb: 40 })).toEqual(["nano", "m1.large", "all"]);
    expect(searchSizes(SIZES, ["small"], { cpus: 2 }).map(({ name }) => name)).toEqual([
      "c1.small",
    ]);
    expect(renderSizes(SIZES, { ...OPTIONS, needs: { cpus: 2, memoryGb: 3 } }).at(-1)).toBe(
      'A server says size: "m1.large", or { cpus: 2, memoryGb: 3 }: the smallest that fits.',
    );
  });
});
