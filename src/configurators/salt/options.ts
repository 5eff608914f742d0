import { z } from "zod";

import { hostFolder } from "../../stack/host-folder.ts";
import { aptAddress } from "../../stack/web-address.ts";

/** A key that is fetched by each server and counts only if its fingerprint is this one. */
const fetchedKey = z
  .strictObject({
    url: aptAddress.meta({ description: "Where the armoured or binary public key is." }),
    fingerprint: z
      .string()
      .transform((text) => text.replaceAll(/\s/g, "").toUpperCase())
      .pipe(
        z
          .string()
          .regex(
            /^([0-9A-F]{40}|[0-9A-F]{64})$/,
            "a whole fingerprint, 40 or 64 hexadecimal digits",
          ),
      )
      .meta({
        description:
          "The primary key's fingerprint: 40 hexadecimal digits, or 64; spaces do not count.",
      }),
  })
  .readonly();

const repositorySchema = z
  .strictObject({
    /**
     * The address of a mirror of Salt's apt repository: suite `stable`, component `main`. Default: the Salt Project's own,
     * https://packages.broadcom.com/artifactory/saltproject-deb.
     */
    url: aptAddress.optional(),
    /**
     * The key that it is signed with: the armoured text, the path of a file that holds it, or where it is and its fingerprint.
     * Default: the Salt Project's, fetched from packages.broadcom.com and held against the fingerprint that comes with bootmachine.
     */
    key: z.union([z.string().min(1), fetchedKey]).optional(),
  })
  .refine(({ url, key }) => url !== undefined || key !== undefined, {
    message: "names neither a mirror (`url`) nor a key (`key`)",
  })
  .readonly();

/** Options of the `salt` configurator. All have defaults. */
export const saltOptionsSchema = z
  .strictObject({
    /** Series of releases. Newer ones of the same series come with `apt upgrade`. Default "3008" (long-term support). */
    version: z.enum(["3008", "3007", "3006"]).default("3008"),
    /** Packages from a mirror, or another key. Default: the Salt Project's own repository, and its key by fingerprint. */
    repository: repositorySchema.optional(),
    /** The folder with your states and their top.sls; a relative path counts from the config. Default "salt/states". */
    states: z.string().min(1).default("salt/states"),
    /** The folder with your pillars and their top.sls; a relative path counts from the config. Default "salt/pillars". */
    pillars: z.string().min(1).default("salt/pillars"),
    /** Where the states lie on the master. Default "/srv/salt". */
    remoteStatesDir: hostFolder.default("/srv/salt"),
    /** Where the pillars lie on the master. Default "/srv/pillar". */
    remotePillarsDir: hostFolder.default("/srv/pillar"),
    /**
     * Modes of states that hold secrets, by pattern: `{ "ssl/*.crt": "0640" }`. The master runs as the user `salt` and must be
     * able to read them: they are root's and the group's `salt`. Pillars are always 0640, and so are, unless a pattern of yours
     * fits, `*.pem`, `*.key` and `id_rsa`, `id_ecdsa`, `id_ed25519` among the states. Default: none more.
     */
    modes: z.record(z.string(), z.string().regex(/^0?[0-7]{3}$/)).default({}),
    /**
     * Show what changes inside files. Salt shows the new text of every file whose state does not say `show_changes: False`, so
     * take it only where your states say it of what is secret. Default false.
     */
    showDiff: z.boolean().default(false),
  })
  .refine((options) => options.remoteStatesDir !== options.remotePillarsDir, {
    path: ["remotePillarsDir"],
    message:
      "is the folder of the states: minions may read all states, so pillars would be open to all of them",
  })
  .readonly();

export type SaltOptions = z.input<typeof saltOptionsSchema>;
export type SaltSettings = z.output<typeof saltOptionsSchema>;
