import { z } from "zod";

import { hostFolder } from "../../stack/host-folder.ts";
import { webAddress } from "../../stack/web-address.ts";

const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "a checksum is 64 hexadecimal digits")
  .meta({ description: "The package's SHA-256: 64 hexadecimal digits." });

/** Where one platform's package comes from: an address, or a file on your computer. */
const packageSchema = z.union([
  z
    .strictObject({
      url: webAddress.meta({ description: "Where the package is fetched." }),
      sha256,
    })
    .readonly(),
  z
    .strictObject({
      file: z.string().min(1).meta({
        description: "The package on your own computer, counted from the config's folder.",
      }),
      sha256,
    })
    .readonly(),
]);

const packagesSchema = z
  .record(z.string().regex(/^[a-z0-9_]+-[0-9.]+(-[a-z0-9_]+)?$/), packageSchema)
  .default({});

/** `recipe[site]`, `recipe[site::web]`, `role[web]`, or a recipe's bare name. */
const runListItem = z
  .string()
  .regex(
    /^((recipe|role)\[[A-Za-z0-9_.-]+(::[A-Za-z0-9_.-]+)?(@[0-9.]+)?\]|[A-Za-z0-9_.-]+(::[A-Za-z0-9_.-]+)?)$/,
    "an item of a run list is `recipe[COOKBOOK::RECIPE]` or `role[NAME]`",
  );

/** Options of the `chef` configurator. All have defaults; with a `tree` there is something to run. */
export const chefOptionsSchema = z
  .strictObject({
    /**
     * "cinc": the free build of Chef Infra Client. "chef": Progress Chef's own, which wants a licence: `acceptLicense`, and
     * `downloadService` or `packages`, since its downloads are for licence holders. Default "cinc". Changing it installs the
     * other one beside the first.
     */
    product: z.enum(["cinc", "chef"]).default("cinc"),
    /** The client's version, whole or its beginning: "18", "18.7", "18.7.10". Default "18". Changing it installs that one. */
    version: z
      .string()
      .regex(/^\d+(\.\d+){0,2}$/, 'a version is "18", "18.7" or "18.7.10"')
      .default("18"),
    /** Release channel of the download service. Default "stable". */
    channel: z.enum(["stable", "current"]).default("stable"),
    /**
     * A service that answers as Chef's omnitruck does, or your mirror of one. Its answer names the package and its
     * checksum, so take http only where the network is yours. Default "https://omnitruck.cinc.sh".
     */
    downloadService: webAddress.optional(),
    /**
     * Packages by platform, instead of the download service: `debian-12`, or `debian-12-x86_64` for one architecture alone.
     * The checksum is yours, so nobody else has to be trusted. Default: none.
     */
    packages: packagesSchema,
    /** You have accepted Progress Chef's licence. Needed by product "chef" only. Default false. */
    acceptLicense: z.boolean().default(false),
    /**
     * Who fetches the package. "auto": the host; your computer for a host that cannot reach the download. "always": your
     * computer. "never": the host. Files of `packages` always come from your computer. Default "auto".
     */
    relay: z.enum(["auto", "always", "never"]).default("auto"),
    /**
     * Your folder with `cookbooks`, `roles`, `data_bags`, `environments`, or what `chef export` has written; counted from the
     * config's folder. Absent: the client is installed and nothing is run.
     */
    tree: z.string().min(1).optional(),
    /** Folder on the hosts for the tree and the server's data. Default "/var/lib/bootmachine/chef". */
    remoteDir: hostFolder.default("/var/lib/bootmachine/chef"),
    /** What every server runs. Default: the starter kit's, `recipe[bootmachine]` and `recipe[site]`. */
    runList: z.array(runListItem).min(1).default(["recipe[bootmachine]", "recipe[site]"]),
    /** What servers of a role run after that, by role. Default: nothing. */
    roleRunLists: z.record(z.string(), z.array(runListItem).min(1)).default({}),
    /** Take the run list of an exported policy (`chef export`) in the tree instead of `runList` and `roleRunLists`. */
    policy: z
      .strictObject({
        /** As in Policyfile.rb. */
        name: z.string().regex(/^[A-Za-z0-9_.:-]+$/),
        /** The group that it was exported for. Default "local". */
        group: z
          .string()
          .regex(/^[A-Za-z0-9_.:-]+$/)
          .default("local"),
      })
      .readonly()
      .optional(),
    /**
     * A Chef server on the stack's `master`, which serves the tree to everybody: installed, with an organization of its own, and
     * each client's key registered over ssh. Default: none; each server runs in local mode, from its own copy of the tree.
     */
    server: z
      .strictObject({
        /** The organization on the server; made where it is not there. Default "main". */
        organization: z
          .string()
          .regex(
            /^[a-z0-9][a-z0-9_-]{0,254}$/,
            "lower-case letters, digits, hyphens and underscores",
          )
          .default("main"),
        /** The server's version, whole or its beginning. Default "15". */
        version: z
          .string()
          .regex(/^\d+(\.\d+){0,2}$/, 'a version is "15", "15.10" or "15.10.91"')
          .default("15"),
        /** The server's package by platform, as `packages` for the client. Default: from the download service. */
        packages: packagesSchema,
      })
      .readonly()
      .optional(),
    /** Files of the tree that hold secrets, by pattern: only root may read them. Default: data bags and private keys. */
    secrets: z
      .array(z.string().min(1))
      .default(["data_bags/**", "**/*.pem", "**/*.key", "**/encrypted_data_bag_secret"]),
  })
  .refine(({ product, acceptLicense }) => product !== "chef" || acceptLicense, {
    path: ["acceptLicense"],
    message:
      'product "chef" is licensed: read the licence, and say `acceptLicense: true`; or take "cinc"',
  })
  .refine(
    ({ product, downloadService, packages }) =>
      product !== "chef" || downloadService !== undefined || Object.keys(packages).length > 0,
    {
      path: ["downloadService"],
      message: 'product "chef" has no open download service: name yours, or give `packages`',
    },
  )
  .refine(({ tree, server }) => server === undefined || tree !== undefined, {
    path: ["tree"],
    message: "`server` serves a tree: `tree` must say where it is",
  })
  .refine(
    ({ product, server, downloadService }) =>
      product !== "chef" ||
      server === undefined ||
      downloadService !== undefined ||
      Object.keys(server.packages).length > 0,
    {
      path: ["server", "packages"],
      message: 'product "chef" has no open download service: name yours, or give `packages`',
    },
  )
  .refine(({ tree, policy }) => policy === undefined || tree !== undefined, {
    path: ["tree"],
    message: "`policy` names an exported policy: `tree` must say where it is",
  })
  .readonly();

export type ChefOptions = z.input<typeof chefOptionsSchema>;
export type ChefSettings = z.output<typeof chefOptionsSchema>;
export type PackageSource = z.output<typeof packageSchema>;
