import { z } from "zod";

import type { Configurator } from "../configurators/contract.ts";
import type { Distro } from "../distros/contract.ts";
import type { Provider } from "../providers/contract.ts";
import type { Task, TaskFunction } from "./task.ts";
import { imageWishSchema, sizeWishSchema } from "./wish-schema.ts";

/**
 * What each option means, for the JSON Schema and the reference. `StackInput` says the same to TypeScript;
 * a test holds the two together, types and words.
 */
interface OptionDocs {
  readonly description: string;
  /** The default, as text. */
  readonly default?: string;
  /** What changing it on servers that exist costs. */
  readonly cost?: string;
}

/** Attaches the words to a schema. */
function option<S extends z.ZodType>(schema: S, docs: OptionDocs): S {
  return schema.meta({ ...docs });
}

/** The same option for one server: where it is absent there, the stack's value counts. */
function asStack<S extends z.ZodType>(schema: S): S {
  return schema.meta({ ...schema.meta(), default: "the stack's" });
}

const PORT = z
  .int("must be a whole number from 1 to 65535")
  .min(1, "must be a whole number from 1 to 65535")
  .max(65_535, "must be a whole number from 1 to 65535");

const wholeNumber = (from: number, to: number): z.ZodNumber => {
  const text = `must be a whole number from ${from} to ${to}`;
  return z.int(text).min(from, text).max(to, text);
};

const oneOf = <const T extends readonly [string, ...string[]]>(
  values: T,
): z.ZodEnum<{ [K in T[number]]: K }> => z.enum(values);

/** A label such as a role: lower case, so that it fits grains, facts, attributes and inventory groups. */
const ROLE = z
  .string()
  .regex(
    /^[a-z][a-z0-9_-]{0,62}$/,
    "must begin with a lower-case letter and hold only lower-case letters, digits, hyphens and underscores (63 at most)",
  );

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

const FREE_TEXT_LINE = z.string().min(1, "must not be empty");

const PATH_TEXT = z.string().min(1, "must be a path");

const LOCALE = z
  .string()
  .regex(
    /^(C|POSIX|[a-z]{2,3}(_[A-Z]{2})?)(\.[A-Za-z0-9-]+)?(@[a-z]+)?$/,
    'must look like "C.UTF-8" or "de_DE.UTF-8"',
  );

const TIMEZONE = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_+/-]*$/, 'must look like "Etc/UTC" or "Europe/Berlin"');

const identityPolicy = option(oneOf(["proven", "first-use"]).optional(), {
  description:
    'The weakest proof of a host key that is accepted. "first-use" trusts the key that the server shows the first time: somebody in between could show theirs.',
  default: '"proven"',
  cost: "Nothing; it counts for servers whose key is not known yet.",
});
const portOption = option(PORT.optional(), {
  description:
    "The port on which sshd listens once the server is secured, 1-65535. 22 needs `allowPort22` as well. The firewall opens it by itself.",
  default: "2849",
  cost: "An access change on every server: the new port is proved before the old one closes.",
});
const allowPort22Option = option(z.boolean().optional(), {
  description:
    "Says that port 22 is meant. Another port keeps most of the noise out of the logs; it is no protection by itself.",
  default: "false",
  cost: "Nothing by itself.",
});
const jumpHostOption = option(z.string().optional(), {
  description: "Hosts to go through, as for ssh -J: `user@host:port`, several with commas.",
  default: "none",
  cost: "Nothing on the servers.",
});
const connectTimeoutOption = option(wholeNumber(1, 600).optional(), {
  description: "Limit for one attempt to connect, in seconds, 1-600.",
  default: "10",
  cost: "Nothing on the servers.",
});
const readyTimeoutOption = option(wholeNumber(1, 7_200).optional(), {
  description: "Limit for a new server to let us in, in seconds, 1-7200.",
  default: "300",
  cost: "Nothing on the servers.",
});
const phaseTimeoutOption = option(wholeNumber(10, 86_400).optional(), {
  description: "Limit for one phase on one server, in seconds, 10-86400.",
  default: "1800",
  cost: "Nothing on the servers.",
});
const rollbackOption = option(wholeNumber(10, 3_600).optional(), {
  description:
    "After this many seconds without confirmation a host undoes an access change by itself, 10-3600.",
  default: "120",
  cost: "Nothing; it counts from the next access change on.",
});

export const sshSchema = z.strictObject({
  port: portOption,
  allowPort22: allowPort22Option,
  identityFile: option(PATH_TEXT.optional(), {
    description:
      "The controller's private key file, or the .pub file of a key in ssh-agent; `~` and paths relative to the config file are understood. The operator must have its public half among the keys. One with a passphrase must be in ssh-agent as well: nobody is asked.",
    default: "one of the agent's keys, or a default key in ~/.ssh, that the operator has",
    cost: "Nothing by itself: the key must be among the operator's.",
  }),
  publicKey: option(FREE_TEXT_LINE.optional(), {
    description:
      "Which of the agent's keys to use, as a public key line or a .pub file, where there are several; with `identityFile`, the public half that belongs to it.",
    default: "found from `identityFile` or the agent",
    cost: "Nothing by itself: the key must be among the operator's.",
  }),
  jumpHost: jumpHostOption,
  configFile: option(PATH_TEXT.optional(), {
    description: 'The ssh_config to honour: a path, or "none".',
    default: "ssh's own default",
    cost: "Nothing on the servers.",
  }),
  connectTimeoutSeconds: connectTimeoutOption,
  readyTimeoutSeconds: readyTimeoutOption,
  phaseTimeoutSeconds: phaseTimeoutOption,
  rollbackSeconds: rollbackOption,
  identity: identityPolicy,
});

export const serverSshSchema = z.strictObject({
  port: asStack(portOption),
  allowPort22: asStack(allowPort22Option),
  jumpHost: asStack(jumpHostOption),
  connectTimeoutSeconds: asStack(connectTimeoutOption),
  readyTimeoutSeconds: asStack(readyTimeoutOption),
  phaseTimeoutSeconds: asStack(phaseTimeoutOption),
  rollbackSeconds: asStack(rollbackOption),
  identity: asStack(identityPolicy),
});

const UPGRADE_POLICY = oneOf(["all", "security", "none"]);

export const upgradesSchema = z.strictObject({
  atBoot: option(UPGRADE_POLICY.optional(), {
    description: "Which packages the phase prepare brings up to date.",
    default: '"all"',
    cost: 'The next `up` brings up to date what is pending; "all" may restart services.',
  }),
  automatic: option(UPGRADE_POLICY.optional(), {
    description: "Which packages the host's own timer brings up to date from then on.",
    default: '"security"',
    cost: "A setting on every server.",
  }),
  reboot: option(oneOf(["if-needed", "never"]).optional(), {
    description: "Whether `up` may reboot a server whose changes need it.",
    default: '"if-needed"',
    cost: "Nothing by itself.",
  }),
});

const PORT_OR_RANGE = 'must be a port from 1 to 65535, or a range such as "6000-6010"';
const openingPort = option(
  z.union([PORT, z.string().regex(/^\d{1,5}(-\d{1,5})?$/, PORT_OR_RANGE)], {
    error: PORT_OR_RANGE,
  }),
  {
    description: 'The port, 1-65535, or a range such as "6000-6010".',
    cost: "The rule set of every server that it applies to is replaced; connections stay.",
  },
);
const openingProtocol = option(oneOf(["tcp", "udp"]).optional(), {
  description: "The protocol.",
  default: '"tcp"',
});
const openingFrom = option(
  z.union([z.literal("anywhere"), z.literal("stack"), z.array(z.string()).min(1).readonly()], {
    error: 'must be "anywhere", "stack", or a list of addresses and CIDR blocks',
  }),
  {
    description:
      'Who may come in: "anywhere", "stack" (the members\' addresses), or a list of IPv4 and IPv6 addresses and CIDR blocks.',
  },
);

export const serverOpeningSchema = z.strictObject({
  port: openingPort,
  protocol: openingProtocol,
  from: openingFrom,
});

export const openingSchema = z.strictObject({
  port: openingPort,
  protocol: openingProtocol,
  from: openingFrom,
  roles: option(z.array(z.string()).readonly().optional(), {
    description: "Only on servers with one of these roles.",
    default: "every server",
  }),
});

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

const localeOption = option(LOCALE.optional(), {
  description: 'The system locale, such as "C.UTF-8" or "en_GB.UTF-8".',
  default: '"C.UTF-8"',
  cost: "A setting on every server; running programs keep the old one until they start again.",
});
const timezoneOption = option(TIMEZONE.optional(), {
  description: 'The time zone, such as "Etc/UTC" or "Europe/Berlin".',
  default: '"Etc/UTC"',
  cost: "A setting on every server; running programs keep the old one until they start again.",
});

export const serverSchema = z.strictObject({
  name: option(z.string(), {
    description:
      'The server\'s name and host name: lower-case letters, digits and hyphens, 63 at most, unique in the stack. With `count`, a number is put behind it, or in place of "{n}".',
    cost: "A new name is a new server; the machine of the old name stays until `destroy`.",
  }),
  count: option(wholeNumber(1, 1_000).optional(), {
    description: 'Makes that many alike, 1-1000: "web" with 3 gives web1, web2 and web3.',
    default: "one server, without a number",
    cost: "More: new servers are booted. Fewer: the machines left over stay until `destroy`.",
  }),
  roles: option(z.array(ROLE).readonly().optional(), {
    description:
      "Free labels: they choose firewall openings and become grains, facts, attributes and inventory groups.",
    default: "none",
    cost: "Openings and the configurator's data of the server change.",
  }),
  image: option(imageWishSchema.optional(), {
    description:
      'The provider\'s name of the image, or `{ distro: "debian-13" }`: the newest image of that distro. `bootmachine images` lists both.',
    default: "the provider's",
    cost: "Counts for new machines: destroy and boot the server to have it.",
  }),
  size: option(sizeWishSchema.optional(), {
    description:
      "The provider's name of the size, or `{ cpus: 2, memoryGb: 4 }`, and `diskGb` if you like: the smallest size that has all of it. `bootmachine sizes` lists them.",
    default: "the provider's",
    cost: "Counts for new machines: destroy and boot the server to have it.",
  }),
  distro: option(FREE_TEXT_LINE.optional(), {
    description: "The name of the distro plug-in to use.",
    default: "by what the host says of itself in /etc/os-release",
    cost: "Nothing by itself.",
  }),
  ssh: option(serverSshSchema.optional(), {
    description: "ssh settings that differ for this server.",
    default: "the stack's",
  }),
  locale: asStack(localeOption),
  timezone: asStack(timezoneOption),
  upgrades: option(upgradesSchema.optional(), {
    description: "Upgrade settings that differ for this server.",
    default: "the stack's",
  }),
  firewall: option(z.array(serverOpeningSchema).readonly().optional(), {
    description: "Openings of this server alone, beside the stack's.",
    default: "none",
  }),
});

const isTask = (value: unknown): boolean =>
  typeof value === "function" || (typeof value === "object" && value !== null);

export const stackSchema = z.strictObject({
  name: option(
    z
      .string()
      .regex(
        /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/,
        "must begin with a lower-case letter, hold only lower-case letters, digits and hyphens, not end with a hyphen, and have 40 characters at most",
      ),
    {
      description:
        "The stack's name: lower-case letters, digits and hyphens, 40 at most. It is part of every tag at the provider.",
      cost: "A new name is a new stack: the machines of the old one are no longer seen. Destroy them first.",
    },
  ),
  provider: option(
    z.custom<Provider>((value) => value !== undefined && value !== null),
    {
      description: "Where the machines come from.",
      cost: "The machines of the old provider are no longer seen. Destroy them first.",
    },
  ),
  configurator: option(z.custom<Configurator>((value) => value !== null).optional(), {
    description: "The configuration-management tool that takes over.",
    default: "none",
    cost: "The tool is installed; an old one is left as it is.",
  }),
  distros: option(
    z
      .array(z.custom<Distro>((value) => value !== undefined && value !== null))
      .readonly()
      .optional(),
    {
      description: "Distro plug-ins of your own; they come before the built-in ones.",
      default: "the built-in ones",
      cost: "Nothing by itself.",
    },
  ),
  master: option(z.string().optional(), {
    description:
      "The name of the server on which the configurator's server side runs. Needed by configurators with agents.",
    default: "none",
    cost: "The new master is installed and every agent is enrolled with it anew.",
  }),
  ssh: option(sshSchema.optional(), { description: "How the servers are reached." }),
  operator: option(z.string().optional(), {
    description:
      'The user, one of `users`, whom the controller logs in as once a server is secured. Needs a key that the controller can use and sudo "nopasswd".',
    default: 'the only user with sudo "nopasswd"',
    cost: "An access change on every server: the new way in is proved before the old one closes.",
  }),
  users: option(z.array(userSchema).readonly(), {
    description: "The people who may log in, the operator among them.",
    cost: "Accounts are made or changed on every server; one taken out of the list stays, without keys, password, sudo rule and place in the admin group.",
  }),
  groups: option(z.array(groupSchema).readonly().optional(), {
    description: "Groups to make.",
    default: "none",
    cost: "Groups are made or changed on every server.",
  }),
  firewall: option(z.array(openingSchema).readonly().optional(), {
    description:
      "What may come in besides ssh, which is opened by itself. Everything else is dropped.",
    default: "nothing but ssh",
    cost: "The rule set of every server is replaced; connections stay.",
  }),
  locale: localeOption,
  timezone: timezoneOption,
  upgrades: option(upgradesSchema.optional(), {
    description: "How the servers are kept up to date.",
  }),
  servers: option(z.array(serverSchema).min(1, "must name at least one server").readonly(), {
    description: "The servers, in the order in which they are shown.",
    cost: "New entries are booted; the machines of removed ones stay until `destroy`.",
  }),
  concurrency: option(wholeNumber(1, 1_000).optional(), {
    description: "How many servers are worked on at once, 1-1000.",
    default: "50",
    cost: "Nothing on the servers.",
  }),
  tasks: option(z.record(z.string(), z.custom<Task | TaskFunction>(isTask)).readonly().optional(), {
    description: "Functions of your own, called by `bootmachine run NAME` with the stack's hosts.",
    default: "none",
    cost: "Nothing on the servers.",
  }),
});
