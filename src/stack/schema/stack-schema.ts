import { z } from "zod";

import type { Configurator } from "../../configurators/contract.ts";
import type { Distro } from "../../distros/contract.ts";
import type { Provider } from "../../providers/contract.ts";
import type { Task, TaskFunction } from "../task.ts";
import { groupSchema, userSchema } from "./account-schema.ts";
import { openingSchema } from "./firewall-schema.ts";
import { option, wholeNumber } from "./option.ts";
import { serverSchema } from "./server-schema.ts";
import { sshSchema } from "./ssh-schema.ts";
import { localeOption, timezoneOption, upgradesSchema } from "./system-schema.ts";

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
