import { z } from "zod";

import { UserError } from "../../../../src/errors/error.ts";
import type { Distro, DistroOperations } from "../../../../src/distros/contract.ts";
import type { Provider } from "../../../../src/providers/contract.ts";
import { imageOf, imageText, sizeOf, sizeText } from "../../../../src/stack/wishes.ts";

export const toyOptionsSchema = z.strictObject({
  region: z.enum(["north", "south"]).optional().meta({ description: "Where the toys are." }),
  boxes: z.int().min(1).optional().meta({ description: "How many." }),
});
type ToyOptions = z.output<typeof toyOptionsSchema>;

const IMAGES = [{ name: "toy-1", distro: "toyos-1" }, { name: "toy-2" }];
const SIZES = [
  { name: "small", cpus: 1, memoryMb: 1024 },
  { name: "large", cpus: 4, memoryMb: 8192 },
];

const nothing = (): never => {
  throw new Error("a toy has no machines");
};

/** A provider that knows two images and two sizes, and has no machines. */
export function toyProvider(options: ToyOptions = {}): Provider {
  if (options.boxes === 13) {
    throw new UserError("CONFIG_INVALID", "13 boxes are too many.", {
      problems: [{ path: "boxes", message: "must not be 13", hint: "Take 12." }],
    });
  }
  return {
    kind: "provider",
    apiVersion: 1,
    name: "toy",
    capabilities: {
      creates: true,
      reboots: false,
      console: false,
      images: true,
      sizes: true,
      identity: ["published"],
    },
    observe: () => Promise.resolve([]),
    list: () => Promise.resolve([]),
    ensure: nothing,
    identity: nothing,
    destroy: nothing,
    reboot: nothing,
    console: nothing,
    images: () => Promise.resolve([]),
    sizes: () => Promise.resolve([]),
    check: ({ image = "toy-1", size = "small" }) => [
      ...(imageOf(image, IMAGES) === undefined
        ? [{ about: "image" as const, message: `there is no image "${imageText(image)}"` }]
        : []),
      ...(sizeOf(size, SIZES) === undefined
        ? [{ about: "size" as const, message: `there is no size "${sizeText(size)}"` }]
        : []),
    ],
  };
}

/** A distro that only has a name. */
export function toyDistro(): Distro {
  return {
    kind: "distro",
    apiVersion: 1,
    name: "toyos",
    releases: ["1"],
    matches: () => false,
    operations: (): DistroOperations => nothing(),
    baseline: {
      basePackages: [],
      firstBoot: () => [],
      timeSynchronisation: () => [],
      automaticUpgrades: () => [],
      unwantedServices: () => [],
      adminGroup: "sudo",
      sshDropIn: "/etc/ssh/sshd_config.d/00-bootmachine.conf",
      sshService: "ssh",
      setsSshAlgorithms: true,
    },
    repository: () => [],
    sshServer: () => [],
    firewall: () => [],
  };
}
