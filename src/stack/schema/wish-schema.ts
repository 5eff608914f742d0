import { z } from "zod";

const NAME = z.string().min(1, "must not be empty").max(4096);

/** A distro and its release, such as "debian-13" or "ubuntu-24.04". */
const distroWish = z
  .strictObject({
    distro: z
      .string()
      .regex(
        /^[a-z][a-z0-9]*(-[a-z]+)*-[0-9]+(\.[0-9]+)*$/,
        'must be a distro with its release, such as "debian-13"',
      )
      .meta({
        description:
          'The distro and its release, such as "debian-13" or "ubuntu-24.04": the newest image of it that the provider has.',
      }),
  })
  .readonly();

/** The provider's name of an image, or the distro that is wanted. */
export const imageWishSchema = z.union([NAME, distroWish], {
  error: 'must be the name of an image, or { distro: "debian-13" }',
});

const needsWish = z
  .strictObject({
    cpus: z
      .int("must be a whole number from 1 to 512")
      .min(1, "must be a whole number from 1 to 512")
      .max(512, "must be a whole number from 1 to 512")
      .meta({ description: "At least so many, 1-512." }),
    memoryGb: z
      .number()
      .min(0.25, "must be from 0.25 to 16384 (GiB)")
      .max(16_384, "must be from 0.25 to 16384 (GiB)")
      .meta({ description: "At least so much, in GiB, 0.25-16384." }),
    diskGb: z
      .int("must be a whole number from 1 to 65536")
      .min(1, "must be a whole number from 1 to 65536")
      .max(65_536, "must be a whole number from 1 to 65536")
      .optional()
      .meta({
        description: "Root disk, at least so much, in GiB, 1-65536. Default: as the image needs.",
      }),
  })
  .readonly();

/** The provider's name of a size, or what a server must have: then the smallest that has all of it. */
export const sizeWishSchema = z.union([NAME, needsWish], {
  error: "must be the name of a size, or { cpus: 2, memoryGb: 4 }",
});
