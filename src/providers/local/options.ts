import { z } from "zod";

/** Options of the `local` provider. All have defaults; most people need none. */
export const localOptionsSchema = z
  .strictObject({
    /**
     * Where the servers are kept: disks, keys, addresses. Default `/var/lib/bootmachine/local`. Another directory is another
     * world with its own bridge and network. Changing it loses sight of the servers in the old one.
     */
    stateDirectory: z
      .string()
      .regex(/^\/[A-Za-z0-9._/-]+$/)
      .default("/var/lib/bootmachine/local"),
    /** Where images and packages are kept. Default `/var/cache/bootmachine`. */
    cacheDirectory: z
      .string()
      .regex(/^\/[A-Za-z0-9._/-]+$/)
      .default("/var/cache/bootmachine"),
    /** The servers' private IPv4 network, such as "10.88.0.0/22" (prefix 16-29). Default: the first free one of a short list. */
    network: z.cidrv4().optional(),
    /** Resolvers for the servers. Default: those of this computer. */
    nameservers: z
      .array(z.union([z.ipv4(), z.ipv6()]))
      .min(1)
      .optional(),
    /** A Debian archive, "http://HOST/debian". Default: the one in this computer's apt sources. */
    mirror: z.url({ protocol: /^(https?|file)$/ }).optional(),
    /** The matching security archive, "http://HOST/debian-security". */
    securityMirror: z.url({ protocol: /^(https?|file)$/ }).optional(),
    /** More packages for the images that are built. Changing it builds them anew. */
    packages: z.array(z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/)).default([]),
    /**
     * cloud-init user data for new servers ("#cloud-config\n..."), as a cloud would give it. The images that are built then
     * have cloud-init; one given by its path must bring it. Root stays the way in, and the published host key stays.
     */
    userData: z.string().min(1).max(1_000_000).optional(),
    /** False: servers fetch packages themselves instead of through the cache on this computer. Default true. */
    packageCache: z.boolean().default(true),
    /** Limit for building one image, ms, 1 minute to 2 hours. Default 20 minutes. */
    buildTimeoutMs: z.number().int().min(60_000).max(7_200_000).default(1_200_000),
  })
  .readonly();

export type LocalOptions = z.input<typeof localOptionsSchema>;
export type LocalSettings = z.output<typeof localOptionsSchema>;
