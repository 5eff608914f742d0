import { describe, expect, test } from "vitest";

import { choosePlaces, placeText } from "../../../../src/providers/ec2/capacity-ladder.ts";
import { checkWishes } from "../../../../src/providers/ec2/check-wishes.ts";
import { imageList, sizeList } from "../../../../src/providers/ec2/choices.ts";
import {
  distroPatterns,
  loginUserOf,
  publishedDistroOf,
} from "../../../../src/providers/ec2/distro-images.ts";
import type { Ec2Image, Ec2Type } from "../../../../src/providers/ec2/images.ts";
import type { Ec2Subnet, Ec2Vpc } from "../../../../src/providers/ec2/network.ts";
import { findKnown } from "../../../../src/providers/ec2/known-images.ts";
import { ec2OptionsSchema } from "../../../../src/providers/ec2/options.ts";
import { rehearsalFacts } from "../../../../src/providers/ec2/rehearsal-facts.ts";
import { architectureOf, chooseTypes } from "../../../../src/providers/ec2/size-wishes.ts";
import { chooseSubnets } from "../../../../src/providers/ec2/subnets.ts";

const type = (
  name: string,
  cpus: number,
  memoryGb: number,
  more: Partial<Ec2Type> = {},
): Ec2Type => ({
  name,
  cpus,
  memoryMb: memoryGb * 1024,
  architectures: ["x86_64"],
  isBurstable: name.startsWith("t"),
  isBareMetal: false,
  isAccelerated: false,
  isNitro: true,
  isCurrent: true,
  ...more,
});
const TYPES = [
  type("c5.large", 2, 4),
  type("t2.medium", 2, 4, { isNitro: false }),
  type("t3a.medium", 2, 4),
  type("t3.medium", 2, 4),
  type("t4g.medium", 2, 4, { architectures: ["arm64"] }),
  type("a1.medium", 1, 2, { isCurrent: false, architectures: ["arm64"] }),
  type("g4.small", 2, 4, { isAccelerated: true }),
  type("m5.metal", 96, 384, { isBareMetal: true }),
  type("m5.24xlarge", 96, 384),
];
const X86 = { id: "ami-1", architecture: "x86_64" };

const image = (name: string, owner: string, more: Partial<Ec2Image> = {}): Ec2Image => ({
  id: `ami-${name.length}`,
  name,
  owner,
  architecture: "x86_64",
  createdAt: "2026-01-01T00:00:00.000Z",
  rootDevice: "/dev/xvda",
  rootGb: 8,
  otherDevices: [],
  ...more,
});

function codeAndText(work: () => unknown): string {
  try {
    work();
    return "no error";
  } catch (error) {
    const { code, message, hint } = error as { code: string; message: string; hint: string };
    return `${code}: ${message} ${hint}`;
  }
}

describe("sizes", () => {
  test("the smallest that fits: burstable before others, newer before older, of the image's architecture", () => {
    const of = (cpus: number, memoryGb: number, architecture = "x86_64"): string =>
      chooseTypes([{ cpus, memoryGb }], TYPES, { id: "ami-1", architecture })[0]?.name ?? "";
    expect(of(2, 4)).toBe("t3.medium");
    expect(of(1, 1)).toBe("t3.medium");
    expect(of(1, 1, "arm64")).toBe("t4g.medium");
    expect(of(3, 4)).toBe("m5.24xlarge");
  });

  test("a list keeps its order, and what is meant twice is tried once", () => {
    const wishes = ["c5.large", { cpus: 2, memoryGb: 4 }, "t3.medium"];
    expect(chooseTypes(wishes, TYPES, X86).map(({ name }) => name)).toEqual([
      "c5.large",
      "t3.medium",
    ]);
  });

  test("what there is not, with the nearest; what cannot run the image", () => {
    expect(codeAndText(() => chooseTypes(["t3.mediun"], TYPES, X86))).toMatch(
      /^SIZE_UNKNOWN: .*t3\.mediun.*Did you mean "t3\.medium"/,
    );
    expect(codeAndText(() => chooseTypes([{ cpus: 200, memoryGb: 1 }], TYPES, X86))).toMatch(
      /^SIZE_UNKNOWN: .*200 CPUs/,
    );
    expect(codeAndText(() => chooseTypes(["t4g.medium"], TYPES, X86))).toMatch(
      /^CONFIG_INVALID: The size t4g\.medium is arm64, and the image ami-1 is x86_64/,
    );
  });

  test("the architecture is that of the first size that is named", () => {
    expect(architectureOf(["t4g.medium"], TYPES)).toBe("arm64");
    expect(architectureOf([{ cpus: 1, memoryGb: 1 }, "t3.medium"], TYPES)).toBe("x86_64");
    expect(architectureOf([{ cpus: 1, memoryGb: 1 }], TYPES)).toBeUndefined();
  });

  test.each([
    ["t3.medium", "t3.medium"],
    [["c5.large", "t3.medium"], "c5.large"],
    [{ cpus: 2, memoryGb: 4 }, "t3.medium"],
    ["gone.large", undefined],
  ])("the default is the first size of the options: %j", (size, name) => {
    const marked = sizeList(TYPES, { size }).filter(({ isDefault }) => isDefault);
    expect(marked.map((type) => type.name)).toEqual(name === undefined ? [] : [name]);
  });

  test("the list has words to search for", () => {
    const notes = new Map(
      sizeList(TYPES, { size: "t3.medium" }).map(({ name, note }) => [name, note]),
    );
    expect(notes.get("t3.medium")).toBe("x86_64, burstable");
    expect(notes.get("a1.medium")).toBe("arm64, previous generation");
    expect(notes.get("g4.small")).toBe("x86_64, accelerated");
    expect(notes.get("m5.metal")).toBe("x86_64, bare metal");
  });
});

describe("images", () => {
  const DEBIAN = "136693071363";
  const CANONICAL = "099720109477";
  const AMAZON = "137112412989";
  test.each([
    ["debian-12-amd64-20261110-2292", DEBIAN, "debian-12", "admin"],
    ["debian-12-amd64-20261110-2292", "999999999999", undefined, "admin"],
    [
      "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260101",
      "099720109477",
      "ubuntu-24.04",
      "ubuntu",
    ],
    ["Rocky-9-EC2-Base-9.5-20251118.0.x86_64", "792107900819", "rocky-9", "rocky"],
    ["AlmaLinux OS 9.5.20251120 x86_64", "764336703387", "almalinux-9", "ec2-user"],
    ["Fedora-Cloud-Base-AmazonEC2.x86_64-41-1.4", "125523088429", "fedora-41", "fedora"],
    ["al2023-ami-2023.6.20251111.0-kernel-6.1-x86_64", "137112412989", "amazon-2023", "ec2-user"],
    [
      "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-arm64-server-20260101.1",
      CANONICAL,
      "ubuntu-22.04",
      "ubuntu",
    ],
    ["AlmaLinux OS 10.2.20260817.0 aarch64", "764336703387", "almalinux-10", "ec2-user"],
    ["Fedora-Cloud-Base-AmazonEC2.aarch64-43-20260911.0", "125523088429", "fedora-43", "fedora"],
    // Published by the same accounts, often seconds later: what a plain wish does not mean.
    ["debian-12-backports-amd64-20261110-2292", DEBIAN, undefined, "admin"],
    ["debian-12-amd64-daily-20261110-2292", DEBIAN, undefined, "admin"],
    [
      "ubuntu-minimal/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-minimal-20260101",
      CANONICAL,
      undefined,
      "ubuntu",
    ],
    [
      "ubuntu-eks/k8s_1.33/images/hvm-ssd/ubuntu-noble-24.04-amd64-server-20260101",
      CANONICAL,
      undefined,
      "ubuntu",
    ],
    [
      "ubuntu-pro-server/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-pro-server-20260101",
      CANONICAL,
      undefined,
      "ubuntu",
    ],
    [
      "ubuntu/images-testing/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260101",
      CANONICAL,
      undefined,
      "ubuntu",
    ],
    ["Rocky-9-EC2-LVM-9.5-20251118.0.x86_64", "792107900819", undefined, "rocky"],
    ["AlmaLinux OS 10.0.20250528 x86_64_v2", "764336703387", undefined, "ec2-user"],
    ["AlmaLinux OS 9.5.20251120 aarch64-64k", "764336703387", undefined, "ec2-user"],
    ["AlmaLinux OS Kitten 10.20250813.0 x86_64", "764336703387", undefined, "ec2-user"],
    ["Fedora-Cloud-Base-AmazonEC2.x86_64-44-20260918.n.0", "125523088429", undefined, "fedora"],
    ["Fedora-Cloud-Base-AmazonEC2.x86_64-43_Beta-1.3", "125523088429", undefined, "fedora"],
    ["al2023-ami-minimal-2023.6.20251111.0-kernel-6.1-x86_64", AMAZON, undefined, "ec2-user"],
    ["al2023-ami-2023.9.20251117.1-kernel-6.12-x86_64", AMAZON, undefined, "ec2-user"],
    ["al2023-ami-ecs-hvm-2023.0.20251108-kernel-6.1-x86_64", AMAZON, undefined, "ec2-user"],
    ["golden-debian-web", "123456789012", undefined, "admin"],
    ["golden-web", "123456789012", undefined, undefined],
  ])("%s of %s is %s, for %s", (name, owner, distro, user) => {
    expect(publishedDistroOf({ name, owner })).toBe(distro);
    expect(loginUserOf({ name, owner })).toBe(user);
  });

  test("every distro's own names fit what is asked for", () => {
    const names = [
      "debian-12-amd64-20261110-2292",
      "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260101",
      "Rocky-9-EC2-Base-9.5-20251118.0.x86_64",
      "AlmaLinux OS 9.5.20251120 x86_64",
      "Fedora-Cloud-Base-AmazonEC2.x86_64-41-1.4",
      "al2023-ami-2023.6.20251111.0-kernel-6.1-x86_64",
    ];
    const patterns = distroPatterns().map(
      (pattern) =>
        new RegExp(`^${pattern.replaceAll(/[.]/g, String.raw`\.`).replaceAll("*", ".*")}$`),
    );
    for (const name of names)
      expect(
        patterns.some((pattern) => pattern.test(name)),
        name,
      ).toBe(true);
  });

  test("a neutral wish takes the newest plain image, not what the distro publishes beside it", () => {
    const newestFirst = [
      image("debian-12-backports-amd64-20261110-2292", DEBIAN),
      image("debian-12-amd64-20261110-2292", DEBIAN),
      image("debian-12-amd64-20260915-2236", DEBIAN),
    ];
    expect(findKnown({ distro: "debian-12" }, newestFirst, "x86_64")?.name).toBe(
      "debian-12-amd64-20261110-2292",
    );
  });

  test("the list has the newest of each distro, and all of yours", () => {
    const list = imageList([
      image("debian-12-amd64-20261110-2", DEBIAN),
      image("golden-2", "123456789012"),
      image("debian-12-amd64-20261109-1", DEBIAN),
      image("debian-12-arm64-20261110-2", DEBIAN, { architecture: "arm64" }),
      image("golden-1", "123456789012"),
    ]);
    expect(list.map(({ name, distro, note }) => [name, distro, note])).toEqual([
      ["debian-12-amd64-20261110-2", "debian-12", "x86_64"],
      ["golden-2", undefined, "yours, x86_64"],
      ["debian-12-arm64-20261110-2", "debian-12", "arm64"],
      ["golden-1", undefined, "yours, x86_64"],
    ]);
  });
});

describe("what can be told of wishes without a call", () => {
  const settings = ec2OptionsSchema.parse({ image: { distro: "debian-12" } });
  const images = [
    image("debian-12-amd64-20261110-2292", "136693071363"),
    image("golden-web", "123456789012"),
  ];
  /** "image: what is wrong". */
  const told = (...args: Parameters<typeof checkWishes>): readonly string[] =>
    checkWishes(...args).map(({ about, message }) => `${about}: ${message}`);

  test("nothing is known yet: only what can never be", () => {
    expect(told(settings, {}, {})).toEqual([]);
    expect(told(settings, {}, { image: "golden-wep", size: "x9.huge" })).toEqual([]);
    expect(told(settings, {}, { size: "huge" })).toEqual([
      'size: ec2 has no size "huge"; an instance type is such as "t3.small"',
    ]);
    expect(told(ec2OptionsSchema.parse({}), {}, {})).toEqual([
      "image: ec2 needs to know the image: name one here, or one for all in ec2({ image })",
    ]);
  });

  test("with the lists: near names; ids and parameters may be others' and pass", () => {
    const known = { images, types: [...TYPES, type("t3.small", 2, 2)] };
    expect(told(settings, known, {})).toEqual([]);
    expect(told(settings, known, { image: "golden-wep" })).toEqual([
      'image: ec2 has no image golden-wep; did you mean "golden-web"?',
    ]);
    expect(told(settings, known, { image: { distro: "debian-21" } }).length).toBe(1);
    for (const name of ["ami-0123456789abcdef0", "/aws/service/debian/release/12/latest/amd64"])
      expect(told(settings, known, { image: name })).toEqual([]);
    expect(told(settings, known, { size: "t3.mediun" })).toEqual([
      'size: ec2 has no size t3.mediun; did you mean "t3.medium"?',
    ]);
    expect(told(settings, known, { size: { cpus: 512, memoryGb: 1 } }).length).toBe(1);
  });
});

describe("places", () => {
  const vpc = (id: string, more: Partial<Ec2Vpc> = {}): Ec2Vpc => ({
    id,
    name: "",
    isDefault: false,
    ...more,
  });
  const subnet = (id: string, zone: string, more: Partial<Ec2Subnet> = {}): Ec2Subnet => ({
    id,
    name: "",
    vpc: "vpc-1",
    zone,
    isDefault: false,
    givesPublic: false,
    hasIpv6: false,
    ...more,
  });
  const VPCS = [vpc("vpc-1", { isDefault: true }), vpc("vpc-2", { name: "inner" })];
  const SUBNETS = [
    subnet("subnet-b", "z-b", { isDefault: true }),
    subnet("subnet-a", "z-a", { isDefault: true }),
    subnet("subnet-x", "z-a", { name: "extra" }),
    subnet("subnet-i", "z-a", { vpc: "vpc-2", name: "inner-a" }),
    subnet("subnet-j", "z-b", { vpc: "vpc-2", name: "inner-b" }),
    subnet("subnet-k", "z-b", { vpc: "vpc-2", name: "inner-c" }),
  ];
  const ids = (options: object): readonly string[] =>
    chooseSubnets(ec2OptionsSchema.parse(options), VPCS, SUBNETS).map(({ id }) => id);

  test("the default VPC's own, one of each zone; zones as they are named; subnets as they are named", () => {
    expect(ids({})).toEqual(["subnet-a", "subnet-b"]);
    expect(ids({ zones: ["z-b", "z-a"] })).toEqual(["subnet-b", "subnet-a"]);
    expect(ids({ subnets: ["inner-c", "subnet-i"] })).toEqual(["subnet-k", "subnet-i"]);
    expect(ids({ subnets: ["inner-c", "subnet-i"], zones: ["z-a"] })).toEqual(["subnet-i"]);
  });

  test("what is not there or not clear is told, with what there is", () => {
    expect(codeAndText(() => ids({ vpc: "iner" }))).toMatch(/no VPC iner.*Did you mean "inner"/);
    expect(codeAndText(() => ids({ vpc: "inner" }))).toMatch(
      /^CONFIG_INVALID: .*several subnets in a zone.*inner-a \(subnet-i\), inner-b/,
    );
    expect(codeAndText(() => ids({ subnets: ["inner-x"] }))).toMatch(/no subnet inner-x/);
    expect(codeAndText(() => ids({ zones: ["z-c"] }))).toMatch(
      /the zone z-c.*Known zones: z-a, z-b/,
    );
    // Beside others that are right, too: each that is named has to be there.
    expect(codeAndText(() => ids({ zones: ["z-b", "z-c"] }))).toMatch(
      /^PROVIDER_NOT_FOUND: .*the zone z-c\..*Known zones: z-a, z-b/,
    );
    expect(codeAndText(() => ids({ zones: ["z-d", "z-a", "z-c"] }))).toMatch(
      /the zone z-d or z-c\./,
    );
    // Zones of another VPC are none that could be meant.
    const elsewhere = [...SUBNETS, subnet("subnet-l", "z-c", { vpc: "vpc-2" })];
    expect(
      codeAndText(() => chooseSubnets(ec2OptionsSchema.parse({ zones: ["z-c"] }), VPCS, elsewhere)),
    ).toMatch(/the zone z-c\..*Known zones: z-a, z-b\./);
    expect(codeAndText(() => ids({ subnets: ["subnet-i"], zones: ["z-a", "z-b"] }))).toMatch(
      /the zone z-b\..*Known zones: z-a\./,
    );
    for (const word of ["inner-x", "subnet-y"])
      expect(codeAndText(() => ids({ subnets: ["inner-c", word] }))).toMatch(
        new RegExp(`^PROVIDER_NOT_FOUND: EC2 has no subnet ${word}`),
      );
    expect(codeAndText(() => ids({ subnets: ["subnet-a", "subnet-i"] }))).toMatch(
      /^CONFIG_INVALID: .*not all of one VPC/,
    );
    expect(
      codeAndText(() => chooseSubnets(ec2OptionsSchema.parse({}), VPCS.slice(1), SUBNETS)),
    ).toMatch(/no default VPC.*inner \(vpc-2\)/);
  });

  test("a subnet that cannot give what the servers are to be reached by is refused, with those that can", () => {
    const [first, ...rest] = SUBNETS;
    const mixed = [
      ...rest,
      subnet("subnet-b", "z-b", { isDefault: true, hasIpv6: true, givesPublic: true }),
    ];
    const chosen = (options: object, subnets = mixed): string =>
      codeAndText(() => chooseSubnets(ec2OptionsSchema.parse(options), VPCS, subnets));
    expect(first?.id).toBe("subnet-b");
    expect(chosen({ ipv6: true })).toMatch(
      /^CONFIG_INVALID: subnet-a: .*has IPv6 addresses\. Those that do: subnet-b; name them in/,
    );
    expect(chosen({ accessAddress: "public" })).toMatch(
      /^CONFIG_INVALID: subnet-a: .*public addresses\. Those that do: subnet-b; /,
    );
    for (const options of [
      { ipv6: true, accessAddress: "public", subnets: ["subnet-b"] },
      { accessAddress: "public", publicAddress: true },
      { accessAddress: "public", elasticAddress: true },
      { accessAddress: "private" },
    ])
      expect(chosen(options)).toBe("no error");
  });

  test("the ladder: every zone with the first size, then the next; spare capacity before on demand", () => {
    const types = [type("t3.small", 2, 2), type("t3a.small", 2, 2)];
    const places = (spot: unknown): readonly string[] =>
      choosePlaces(types, SUBNETS.slice(0, 2), ec2OptionsSchema.parse({ spot }).spot).map(
        placeText,
      );
    const onDemand = ["t3.small in z-b", "t3.small in z-a", "t3a.small in z-b", "t3a.small in z-a"];
    const spot = onDemand.map((text) => text.replace(" in", " (spot) in"));
    expect(places(false)).toEqual(onDemand);
    expect(places(true)).toEqual([...spot, ...onDemand]);
    expect(places({ fallback: false })).toEqual(spot);
  });
});

describe("what a rehearsal may know", () => {
  const facts = (options: object, request: object = {}) =>
    rehearsalFacts(ec2OptionsSchema.parse(options), { server: "web", roles: [], ...request });

  test.each([
    [{ distro: "debian-13" }, "debian-13"],
    ["debian-12-amd64-20261110-2292", "debian-12"],
    ["ami-0123456789abcdef0", undefined],
    [{ ssm: "/aws/service/debian/release/12/latest/amd64" }, "debian-12"],
    [
      { ssm: "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id" },
      "ubuntu-24.04",
    ],
    [{ name: "golden-web-*", owner: "self" }, undefined],
  ])("the image %o is of %s", (image, distro) => {
    expect(facts({ image }).distro).toBe(distro);
  });

  test("the first size, the server's own before the general one; and what only EC2 has", () => {
    expect(facts({ size: [{ cpus: 2, memoryGb: 4 }, "m5.large"] }).needs).toEqual({
      cpus: 2,
      memoryGb: 4,
    });
    expect(facts({}, { size: "m5.large" }).notRehearsed).toContain("the size m5.large");
    expect(
      facts({ spot: true, elasticAddress: true, zones: ["z-a"], rootVolume: { encrypted: false } })
        .notRehearsed,
    ).toEqual([
      "the size t3.small",
      "the zones",
      "elastic addresses",
      "security groups",
      "spare capacity",
    ]);
  });
});
