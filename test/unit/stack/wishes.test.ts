import { describe, expect, it } from "vitest";

import { distroInName, imageOf, imageText, sizeOf, sizeText } from "../../../src/stack/wishes.ts";

const SIZES = [
  { name: "all", cpus: 0, memoryMb: 0 },
  { name: "large", cpus: 4, memoryMb: 8192, diskGb: 80 },
  { name: "small", cpus: 1, memoryMb: 2048, diskGb: 20 },
  { name: "quick", cpus: 2, memoryMb: 2048, diskGb: 20 },
  { name: "roomy", cpus: 2, memoryMb: 2048, diskGb: 40 },
];

describe("sizes", () => {
  it.each([
    [{ cpus: 1, memoryGb: 1 }, "small"],
    [{ cpus: 2, memoryGb: 1 }, "quick"],
    [{ cpus: 1, memoryGb: 1, diskGb: 30 }, "roomy"],
    [{ cpus: 1, memoryGb: 2.1 }, "large"],
    [{ cpus: 5, memoryGb: 1 }, "all"],
    [{ cpus: 1, memoryGb: 9 }, "all"],
    ["roomy", "roomy"],
    ["nothing", undefined],
  ] as const)("%j means %s", (wish, name) => {
    expect(sizeOf(wish, SIZES)?.name).toBe(name);
    expect(sizeOf(wish, SIZES.toReversed())?.name).toBe(name);
  });

  it("nothing fits where all have a limit", () => {
    expect(sizeOf({ cpus: 5, memoryGb: 1 }, SIZES.slice(1))).toBeUndefined();
  });

  it.each([
    ["small", "small"],
    [{ cpus: 1, memoryGb: 2 }, "with at least 1 CPU and 2 GiB of memory"],
    [
      { cpus: 2, memoryGb: 0.5, diskGb: 10 },
      "with at least 2 CPUs, 0.5 GiB of memory and 10 GiB of disk",
    ],
  ] as const)("%j in words", (wish, text) => {
    expect(sizeText(wish)).toBe(text);
  });
});

describe("images", () => {
  const images = [
    { name: "new", distro: "debian-12" },
    { name: "old", distro: "debian-12" },
  ];
  it("the first of a distro is the newest, and a name is a name", () => {
    expect(imageOf({ distro: "debian-12" }, images)?.name).toBe("new");
    expect(imageOf("old", images)?.name).toBe("old");
    expect(imageOf({ distro: "debian-13" }, images)).toBeUndefined();
    expect(imageText({ distro: "debian-13" })).toBe("of the distro debian-13");
  });

  it.each([
    ["Debian 12 (Bookworm)", "debian-12"],
    ["debian-13-generic-amd64-20260101", "debian-13"],
    ["Ubuntu 24.04 LTS", "ubuntu-24.04"],
    ["rocky_9", "rocky-9"],
    ["golden", undefined],
    ["", undefined],
  ])("%j is %s by its name", (name, distro) => {
    expect(distroInName(name)).toBe(distro);
  });
});
