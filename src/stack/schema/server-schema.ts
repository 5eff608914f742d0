import { z } from "zod";

import { imageWishSchema, sizeWishSchema } from "./wish-schema.ts";
import { serverOpeningSchema } from "./firewall-schema.ts";
import { asStack, FREE_TEXT_LINE, option, wholeNumber } from "./option.ts";
import { serverSshSchema } from "./ssh-schema.ts";
import { localeOption, timezoneOption, upgradesSchema } from "./system-schema.ts";

/** A label such as a role: lower case, so that it fits grains, facts, attributes and inventory groups. */
const ROLE = z
  .string()
  .regex(
    /^[a-z][a-z0-9_-]{0,62}$/,
    "must begin with a lower-case letter and hold only lower-case letters, digits, hyphens and underscores (63 at most)",
  );

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
