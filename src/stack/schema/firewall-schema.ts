import { z } from "zod";

import { oneOf, option, PORT } from "./option.ts";

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
