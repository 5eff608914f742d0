import { z } from "zod";

import { oneOf, option } from "./option.ts";

const LOCALE = z
  .string()
  .regex(
    /^(C|POSIX|[a-z]{2,3}(_[A-Z]{2})?)(\.[A-Za-z0-9-]+)?(@[a-z]+)?$/,
    'must look like "C.UTF-8" or "de_DE.UTF-8"',
  );

const TIMEZONE = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_+/-]*$/, 'must look like "Etc/UTC" or "Europe/Berlin"');

export const localeOption = option(LOCALE.optional(), {
  description: 'The system locale, such as "C.UTF-8" or "en_GB.UTF-8".',
  default: '"C.UTF-8"',
  cost: "A setting on every server; running programs keep the old one until they start again.",
});
export const timezoneOption = option(TIMEZONE.optional(), {
  description: 'The time zone, such as "Etc/UTC" or "Europe/Berlin".',
  default: '"Etc/UTC"',
  cost: "A setting on every server; running programs keep the old one until they start again.",
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
