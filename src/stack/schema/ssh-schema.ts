import { z } from "zod";

import { asStack, FREE_TEXT_LINE, oneOf, option, PATH_TEXT, PORT, wholeNumber } from "./option.ts";

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
