import { z } from "zod";

import { oneOf, option, PATH_TEXT } from "./option.ts";

const ACCOUNT_NAME = z
  .string()
  .regex(
    /^[a-z_][a-z0-9_-]{0,31}$/,
    "must begin with a lower-case letter or underscore and hold only lower-case letters, digits, hyphens and underscores (32 at most)",
  );

// 65534 and 65535 mean "nobody" and "none"; below 100 is the distro's own.
const ACCOUNT_ID = z
  .int("must be a whole number from 100 to 4294967293, other than 65534 and 65535")
  .min(100, "must be a whole number from 100 to 4294967293, other than 65534 and 65535")
  .max(4_294_967_293, "must be a whole number from 100 to 4294967293, other than 65534 and 65535");

export const keyFileSchema = z.strictObject({
  file: option(PATH_TEXT, {
    description:
      "A .pub or authorized_keys file; every key in it counts. `~` and paths relative to the config file are understood.",
  }),
});

export const userSchema = z.strictObject({
  name: option(ACCOUNT_NAME, {
    description:
      "The account's name: lower-case letters, digits, hyphens and underscores, 32 at most.",
    cost: "A new name is a new account; the old one stays on the servers until removed by hand.",
  }),
  fullName: option(
    z
      .string()
      .regex(/^[^:,\u0000-\u001f\u007f]*$/, "must not hold colons, commas or control characters")
      .optional(),
    { description: "The full name, for people.", default: "none", cost: "The account is changed." },
  ),
  uid: option(ACCOUNT_ID.optional(), {
    description: "The numeric user id, 100-4294967293. Unique in the stack.",
    default: "the host chooses",
    cost: "The account is changed; files outside the home directory keep the old number.",
  }),
  gid: option(ACCOUNT_ID.optional(), {
    description:
      "The numeric id of the user's primary group, 100-4294967293: its own group, or one of `groups` with that gid.",
    default: "a group of the user's own name, its number chosen by the host",
    cost: "The account is changed; files outside the home directory keep the old number.",
  }),
  groups: option(z.array(z.string()).readonly().optional(), {
    description:
      "Further groups the user is in: names of the stack's `groups`, or groups that every host has, such as adm.",
    default: "none",
    cost: "Groups are added; a group taken out of the list is left as it is on the servers.",
  }),
  shell: option(
    z
      .string()
      .regex(/^\/[^\s:]*[^\s:/]$/, "must be an absolute path, such as /bin/bash")
      .optional(),
    {
      description: "The login shell, an absolute path.",
      default: "the distro's, mostly /bin/bash",
      cost: "The account is changed.",
    },
  ),
  keys: option(
    z
      .array(
        z.union([z.string(), keyFileSchema], {
          error: "must be a public key line, a path of a .pub file, or { file: PATH }",
        }),
      )
      .readonly()
      .optional(),
    {
      description:
        "Public keys that may log in: authorized_keys lines, paths of .pub files, or { file }. Keys on a server that are not in the list are removed.",
      default: "none: the user cannot log in",
      cost: "authorized_keys is replaced on every server.",
    },
  ),
  sudo: option(oneOf(["no", "yes", "nopasswd"]).optional(), {
    description:
      'Whether the user may become root: "no"; "yes" with the password (needs `passwordHash`); "nopasswd" without one.',
    default: '"no"',
    cost: "The sudo rule is changed on every server.",
  }),
  passwordHash: option(
    z
      .string()
      .regex(
        /^\$[0-9a-z]{1,12}\$[./0-9A-Za-z$,=_-]{8,}$/,
        "must be a crypt(3) hash such as `mkpasswd -m yescrypt` prints; never the password itself",
      )
      .optional(),
    {
      description:
        "crypt(3) hash of the password for sudo, a secret: give it by an environment variable. ssh never takes passwords.",
      default: "none: the password is locked",
      cost: "The password is set on every server.",
    },
  ),
});

export const groupSchema = z.strictObject({
  name: option(ACCOUNT_NAME, {
    description:
      "The group's name: lower-case letters, digits, hyphens and underscores, 32 at most.",
    cost: "A new name is a new group; the old one stays on the servers.",
  }),
  gid: option(ACCOUNT_ID.optional(), {
    description: "The numeric group id, 100-4294967293. Unique in the stack.",
    default: "the host chooses",
    cost: "The group is changed; files keep the old number.",
  }),
});
