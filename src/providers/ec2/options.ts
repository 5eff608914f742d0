import { z } from "zod";

import { imageWishSchema, sizeWishSchema } from "../../stack/schema/wish-schema.ts";
import type { ImageWish } from "../contract.ts";
import { reachProblems, volumeProblems } from "./option-rules.ts";

const name = z.string().min(1).max(255);

const namedImage = z
  .strictObject({
    name: name.describe(
      'A name in which `*` stands for anything, such as "golden-web-*"; the newest that fits.',
    ),
    owner: z
      .string()
      .regex(
        /^([0-9]{12}|self|amazon|aws-marketplace)$/,
        'must be an account number, "self" or "amazon"',
      )
      .describe(
        'Whose image: an account number (12 digits), "self", "amazon" or "aws-marketplace". Anybody can publish an image of any name.',
      ),
  })
  .readonly();

const parameterImage = z
  .strictObject({
    ssm: z
      .string()
      .regex(
        /^\/[A-Za-z0-9_./-]+$/,
        'must be a path such as "/aws/service/debian/release/12/latest/amd64"',
      )
      .max(1011)
      .describe(
        'The path of a parameter that holds the image\'s id, such as "/aws/service/debian/release/12/latest/amd64".',
      ),
  })
  .readonly();

/** What every provider understands, or what only EC2 has. */
const imageChoice = z.union([imageWishSchema, namedImage, parameterImage]);

const rootVolumeSchema = z
  .strictObject({
    /** GiB, 1-65536. Default: as the image needs. */
    sizeGb: z.number().int().min(1).max(65_536).optional(),
    /** Those that a server can boot from. io1 and io2 need `iops`. Default "gp3". */
    type: z.enum(["gp2", "gp3", "io1", "io2", "standard"]).default("gp3"),
    /** For gp3 (3000 at least), io1 and io2, 100-256000. Default: 3000, for gp3. */
    iops: z.number().int().min(100).max(256_000).optional(),
    /** MiB a second, for gp3, 125-2000. Default: 125. */
    throughput: z.number().int().min(125).max(2000).optional(),
    /** Default true. */
    encrypted: z.boolean().default(true),
    /** The key that encrypts it, by id, alias or ARN. Default: the account's default key for volumes. */
    kmsKey: name.optional(),
  })
  .check(({ value, issues }) => {
    for (const { path, message, hint } of volumeProblems(value))
      issues.push({ code: "custom", input: value, path: [path], message, params: { hint } });
  })
  .readonly();

/** Options of the `ec2` provider. With credentials, a region and an image, none of the others is needed. */
export const ec2OptionsSchema = z
  .strictObject({
    /** The profile of `~/.aws/config`. Default: `AWS_PROFILE`, or else the SDK's default credential chain. */
    profile: name.optional(),
    /** Default: `AWS_REGION`, `AWS_DEFAULT_REGION`, or the profile's. Changing it loses sight of the servers in the other region. */
    region: z
      .string()
      .regex(/^[a-z]{2,}(-[a-z]+)+-[0-9]+$/, 'must be such as "eu-central-1"')
      .optional(),
    /** The address of the service, for clouds that speak EC2's API. Default: `AWS_ENDPOINT_URL_EC2`, `AWS_ENDPOINT_URL`, or Amazon's own. */
    endpoint: z.url({ protocol: /^https?$/ }).optional(),
    /**
     * The image of servers that name none: its id (`ami-…`), the name of one of yours, `{ distro }`, `{ name, owner }`, or
     * `{ ssm }`. Counts for new machines.
     */
    image: imageChoice.optional(),
    /**
     * The size of servers that name none: an instance type, `{ cpus, memoryGb }`, or a list of these: where one has no
     * capacity the next is taken. Default "t3.small". Counts for new machines.
     */
    size: z.union([sizeWishSchema, z.array(sizeWishSchema).min(1).max(20)]).default("t3.small"),
    /** Of images and sizes that are not named outright. Default: that of the first instance type named in `size`. */
    architecture: z.enum(["x86_64", "arm64"]).optional(),
    /** Who may log in first. Default: what the image's distro has. */
    user: z
      .string()
      .regex(/^[a-z_][a-z0-9_-]{0,31}$/)
      .optional(),
    /** By id or by its tag Name. Default: the VPC of `subnets`, or else the account's default VPC. */
    vpc: name.optional(),
    /** By id or by the tag Name, in the order in which they are tried. Default: the VPC's only one of each zone. */
    subnets: z.array(name).min(1).max(20).optional(),
    /** Availability zones, in the order in which they are tried, such as "eu-central-1a". Default: all that have a subnet. */
    zones: z.array(name).min(1).max(20).optional(),
    /** Whether servers get a public IPv4 address. Default: as the subnet has it. */
    publicAddress: z.boolean().optional(),
    /** True: each server gets an elastic address of its own, which stays when it is stopped. Counts for new machines. Default false. */
    elasticAddress: z.boolean().default(false),
    /** True: each server gets an IPv6 address as well; its subnet must have them. Default false. */
    ipv6: z.boolean().default(false),
    /** On which address this computer reaches the servers. Default: the public one where there is one. */
    accessAddress: z.enum(["public", "private"]).optional(),
    /** False: no security group of ours is made; then `securityGroups` must let ssh in. Default true. */
    ownSecurityGroup: z.boolean().default(true),
    /** Further security groups by id, which are yours. */
    securityGroups: z
      .array(z.string().regex(/^sg-[0-9a-f]+$/, 'must be the id of a group, such as "sg-0123abcd"'))
      .max(15)
      .default([]),
    /**
     * True: the operator's key is imported as well; a name: that key pair of yours. Images that read no user-data need it, and
     * `hostIdentity: "console"` beside it: a host key that is injected never gets there. Default false.
     */
    keyPair: z.union([z.boolean(), name]).default(false),
    /** The root volume, removed with its server. Counts for new machines. */
    rootVolume: rootVolumeSchema.prefault({}),
    /**
     * True: spare capacity at a lower price, which Amazon may take back at any time: the server is gone then, and the next
     * `up` makes a new one. Default false.
     */
    spot: z
      .union([
        z.boolean(),
        z
          .strictObject({
            maxPrice: z
              .string()
              .regex(/^[0-9]+(\.[0-9]+)?$/, 'must be such as "0.02"')
              .optional()
              .describe(
                'US dollars an hour at most, such as "0.02". Default: the price on demand.',
              ),
            fallback: z
              .boolean()
              .default(true)
              .describe("True: a server on demand where there is no spare capacity. Default true."),
          })
          .readonly(),
      ])
      .default(false),
    /** Further tags of all that is made, at most 30. */
    tags: z
      .record(
        z
          .string()
          .min(1)
          .max(128)
          .regex(
            /^(?!aws:|bootmachine-|Name$)/i,
            "must not be Name, nor begin with aws: or bootmachine-",
          ),
        z.string().max(256),
      )
      .refine((tags) => Object.keys(tags).length <= 30, "at most 30 tags")
      .default({}),
    /**
     * How the host key of a new server is proved. "injected": it is made here and given in user-data; "console": the
     * server makes it and prints it on its console, as cloud-init does, where it is read. Default "injected".
     */
    hostIdentity: z.enum(["injected", "console"]).default("injected"),
    /** A server that EC2 ends while it starts: "keep" tells why and stops, "replace" makes another, twice at most. Default "keep". */
    onError: z.enum(["keep", "replace"]).default("keep"),
    /** Limit for a server to run and have its addresses, ms, 1 second to 2 hours. Default 10 minutes. */
    bootTimeoutMs: z.number().int().min(1000).max(7_200_000).default(600_000),
    /** Limit of one call, ms, 0.1 seconds to 10 minutes. Default one minute. */
    callTimeoutMs: z.number().int().min(100).max(600_000).default(60_000),
    /** The shortest pause between two looks at the servers, ms, 10-60000; it grows while one waits. Default 1000. */
    pollMs: z.number().int().min(10).max(60_000).default(1000),
    /** How long a create whose answer never came is looked for, and a new thing may be unknown elsewhere, ms. Default 15 seconds. */
    settleMs: z.number().int().min(10).max(600_000).default(15_000),
    /** The most calls in any hour. Default: no limit but the cloud's own. */
    callsPerHour: z.number().int().min(60).optional(),
  })
  .check(({ value, issues }) => {
    for (const { path, message, hint } of reachProblems(value))
      issues.push({ code: "custom", input: value, path: [path], message, params: { hint } });
  })
  .readonly();

export type Ec2Options = z.input<typeof ec2OptionsSchema>;
export type Ec2Settings = z.output<typeof ec2OptionsSchema>;
export type NamedImage = z.output<typeof namedImage>;
export type ParameterImage = z.output<typeof parameterImage>;
export type ImageChoice = ImageWish | NamedImage | ParameterImage;
