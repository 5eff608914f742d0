import { z } from "zod";

import { imageWishSchema, sizeWishSchema } from "../../stack/schema/wish-schema.ts";

const name = z.string().min(1).max(255);

/** Options of the `rackspace` provider. With credentials and a region in the environment, only an image and a size are needed. */
export const rackspaceOptionsSchema = z
  .strictObject({
    /** "DFW", "ORD", "IAD", "LON" … Default: `RS_REGION_NAME`, `RAX_REGION` or `OS_REGION_NAME`. Changing it loses sight of the servers in the other region. */
    region: z
      .string()
      .regex(/^[A-Za-z]{3}[0-9]*$/, 'is such as "DFW"')
      .optional(),
    /** The identity service. Default "https://identity.api.rackspacecloud.com/v2.0"; accounts of the United Kingdom have "https://lon.identity.api.rackspacecloud.com/v2.0". */
    authUrl: z.url({ protocol: /^https?$/ }).optional(),
    /** The image of servers that name none: its name or id, or `{ distro }`. Counts for new machines. */
    image: imageWishSchema.optional(),
    /** The flavor of servers that name none: its name or id, or `{ cpus, memoryGb }`. Counts for new machines. */
    size: sizeWishSchema.optional(),
    /** Who may log in first. Default "root", as on Rackspace's own images. */
    user: z
      .string()
      .regex(/^[a-z_][a-z0-9_-]{0,31}$/)
      .default("root"),
    /** "public" and "private" (ServiceNet) are Rackspace's own; others are your isolated networks, by name or id. Default both. */
    networks: z.array(name).min(1).default(["public", "private"]),
    /** The network on which this computer reaches the servers. Default: the server's access address, else "public", else all of its networks. */
    accessNetwork: name.optional(),
    /**
     * What Rackspace does to new servers of this account, and is waited for: "managed" (the managed service level),
     * "rackconnect". One that shows in a server's metadata is waited for anyhow. Default: none.
     */
    automation: z.array(z.enum(["managed", "rackconnect"])).default([]),
    /** The root disk is a volume, removed with its server; flavors without a disk need it. Default: the flavor's own disk. */
    bootVolume: z
      .strictObject({
        /** GiB, 1-65536. */
        sizeGb: z.number().int().min(1).max(65_536),
        /** "SATA" or "SSD". Default: Rackspace's default type. */
        type: name.optional(),
      })
      .readonly()
      .optional(),
    /** True: the operator's key is imported as well; a name: that key pair of yours. Default false. */
    keyPair: z.union([z.boolean(), name]).default(false),
    /** A new server that goes into the state ERROR before it ever ran: "keep" it for inspection, or "replace" it, twice at most. One that has run is always kept. Default "keep". */
    onError: z.enum(["keep", "replace"]).default("keep"),
    /** Limit for a server to be active, to have its addresses, and for the automation, ms, 1 second to 2 hours. Default 30 minutes. */
    bootTimeoutMs: z.number().int().min(1000).max(7_200_000).default(1_800_000),
    /** Limit of one call, ms, 0.1 seconds to 10 minutes. Default one minute. */
    callTimeoutMs: z.number().int().min(100).max(600_000).default(60_000),
    /** The shortest pause between two looks at the servers, ms, 10-60000; it grows while one waits. Default 2000. */
    pollMs: z.number().int().min(10).max(60_000).default(2000),
    /** How long a create whose answer never came is looked for, ms. Default 30 seconds. */
    settleMs: z.number().int().min(10).max(600_000).default(30_000),
    /** The most calls in any hour. Default: no limit but Rackspace's own, whose refusals are waited for. */
    callsPerHour: z.number().int().min(60).optional(),
    /** The most calls in any minute that make, change or remove something, 1-100000. Default 100, as Rackspace documents; more where it has raised your limit. */
    writesPerMinute: z.number().int().min(1).max(100_000).default(100),
  })
  .readonly();

export type RackspaceOptions = z.input<typeof rackspaceOptionsSchema>;
export type RackspaceSettings = z.output<typeof rackspaceOptionsSchema>;
