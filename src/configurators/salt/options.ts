import { z } from "zod";

const folder = z
  .string()
  .regex(/^(\/[A-Za-z0-9_.-]+)+$/, "an absolute path without spaces")
  .refine((path) => !/\/\.{1,2}(\/|$)/.test(path), "an absolute path without . and ..");

/** What stands in an address is read by everybody: in apt's sources, in the arguments of what fetches it, in messages. */
const webAddress = z.url({ protocol: /^https?$/ }).refine(hasNoPassword, {
  message:
    "holds a user or a password, which everybody on the servers could read: put them into a file of /etc/apt/auth.conf.d",
});

function hasNoPassword(address: string): boolean {
  const url = URL.parse(address);
  return url === null || (url.username === "" && url.password === "");
}

/** A key that is fetched by each server and counts only if its fingerprint is this one. */
const fetchedKey = z
  .strictObject({
    url: webAddress.meta({ description: "Where the armoured or binary public key is." }),
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
    url: webAddress.optional(),
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
    remoteStatesDir: folder.default("/srv/salt"),
    /** Where the pillars lie on the master. Default "/srv/pillar". */
    remotePillarsDir: folder.default("/srv/pillar"),
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
