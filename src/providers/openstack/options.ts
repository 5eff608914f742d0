import { z } from "zod";

import { imageWishSchema, sizeWishSchema } from "../../stack/schema/wish-schema.ts";
import type { ImageWish } from "../contract.ts";

const name = z.string().min(1).max(255);

const newestImage = z
  .strictObject({
    newest: name.describe(
      'A name in which `*` stands for anything, such as "debian-12-*"; the newest that fits.',
    ),
    properties: z
      .record(z.string(), z.string())
      .default({})
      .describe('Properties that the image must have, such as `{ os_distro: "debian" }`.'),
  })
  .readonly();

/** What every provider understands, or a pattern of the image's name. */
const imageChoice = z.union([imageWishSchema, newestImage]);

/** Options of the `openstack` provider. With one cloud in `clouds.yaml`, one network and an image, none of the others is needed. */
export const openstackOptionsSchema = z
  .strictObject({
    /** The cloud of `clouds.yaml`. Default: `OS_CLOUD`; else the `OS_*` variables; else the only cloud of the file. */
    cloud: name.optional(),
    /** Default: the cloud's own. Changing it loses sight of the servers in the other region. */
    region: name.optional(),
    /** The image of servers that name none: its name or id, `{ distro }`, or `{ newest }`. Counts for new machines. */
    image: imageChoice.optional(),
    /** The flavor of servers that name none: its name or id, or `{ cpus, memoryGb }`. Counts for new machines. */
    size: sizeWishSchema.optional(),
    /** Who may log in first. Default: the image's `os_admin_user`, or what its distro's cloud images have. */
    user: z
      .string()
      .regex(/^[a-z_][a-z0-9_-]{0,31}$/)
      .optional(),
    /** Networks by name or id, in the order of the server's interfaces. Default: the project's only one. */
    networks: z.array(name).min(1).optional(),
    /** Of several networks the one, by name, on which this computer reaches the servers. Default: all addresses are tried. */
    accessNetwork: name.optional(),
    /** True, or the name of the external network: each server gets a floating address of its own; public IPv6 addresses lead to it besides. Default false. */
    floatingIps: z.union([z.boolean(), name]).default(false),
    /** False: no security group of ours is made; then `securityGroups` must let ssh in. Default true. */
    ownSecurityGroup: z.boolean().default(true),
    /** Further security groups by name or id, which are yours. */
    securityGroups: z.array(name).default([]),
    /**
     * True: the operator's key is imported as well; a name: that key pair of yours. Images that read no user-data need it, and
     * `hostIdentity: "console"` beside it: a host key that is injected never gets there. Default false.
     */
    keyPair: z.union([z.boolean(), name]).default(false),
    /** Default: the cloud chooses. */
    availabilityZone: name.optional(),
    /** Whether the stack's servers are kept on different hosts ("anti-affinity") or together. Default: the cloud chooses. */
    serverGroup: z
      .enum(["anti-affinity", "soft-anti-affinity", "affinity", "soft-affinity"])
      .optional(),
    /** True: user-data comes on a small disk, for networks without a metadata service. Default false. */
    configDrive: z.boolean().default(false),
    /** The root disk is a volume, removed with its server. Default: the flavor's own disk. */
    bootVolume: z
      .strictObject({
        /** GiB, 1-65536; more where the wish for a size or the image asks for more. */
        sizeGb: z.number().int().min(1).max(65_536),
        /** Default: the cloud's default type. */
        type: name.optional(),
      })
      .readonly()
      .optional(),
    /**
     * How the host key of a new server is proved. "injected": it is made here and given in user-data; "console": the
     * server makes it, and it is read in the console log. Default "injected".
     */
    hostIdentity: z.enum(["injected", "console"]).default("injected"),
    /** A new server that goes into the state ERROR before it ever ran: "keep" it for inspection, or "replace" it, twice at most. One that has run is always kept. Default "keep". */
    onError: z.enum(["keep", "replace"]).default("keep"),
    /** Limit for a server to be active and have its addresses, ms, 1 second to 2 hours. Default 10 minutes. */
    bootTimeoutMs: z.number().int().min(1000).max(7_200_000).default(600_000),
    /** Limit of one call, ms, 0.1 seconds to 10 minutes. Default one minute. */
    callTimeoutMs: z.number().int().min(100).max(600_000).default(60_000),
    /** The shortest pause between two looks at the servers, ms, 10-60000; it grows while one waits. Default 1000. */
    pollMs: z.number().int().min(10).max(60_000).default(1000),
    /** How long a create whose answer never came is looked for, ms. Default 15 seconds. */
    settleMs: z.number().int().min(10).max(600_000).default(15_000),
    /** The most calls in any hour, for clouds that count. Default: no limit but the cloud's own. */
    callsPerHour: z.number().int().min(60).optional(),
    /** The most calls in any minute that make, change or remove something. Default: no limit but the cloud's own. */
    writesPerMinute: z.number().int().min(1).max(100_000).optional(),
  })
  .readonly();

export type OpenStackOptions = z.input<typeof openstackOptionsSchema>;
export type OpenStackSettings = z.output<typeof openstackOptionsSchema>;
export type NewestImage = z.output<typeof newestImage>;
export type ImageChoice = ImageWish | NewestImage;
