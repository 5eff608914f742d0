import { isIP } from "node:net";

import { z } from "zod";

const number = z.union([z.ipv4(), z.ipv6()]);

const address = z.union([
  number,
  z
    .string()
    .max(253)
    .regex(/^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*\.?$/)
    // Four numbers that are no address are a slip, not a host name.
    .refine((text) => !/^[0-9.]+$/.test(text)),
]);

/** One line of a host key: `ssh-ed25519 AAAA…`, with or without a comment. */
const hostKey = z
  .string()
  .regex(
    /^(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/]+={0,2}( .*)?$/,
    "a host key is `TYPE BASE64`, as in /etc/ssh/ssh_host_ed25519_key.pub",
  );

const hostSchema = z
  .strictObject({
    /** IPv4, IPv6 or a name; a name needs `privateAddress` beside it. */
    address,
    /** Port of the first login, 1-65535. Default 22. */
    port: z.number().int().min(1).max(65535).default(22),
    /** User of the first login: root, or one with sudo without a password. Default "root". */
    user: z
      .string()
      .regex(/^[a-z_][a-z0-9_.-]{0,31}$/i)
      .default("root"),
    /** The host's public key, or several. Absent: the first one is trusted, if the config allows that. */
    hostKey: z.union([hostKey, z.array(hostKey).min(1)]).optional(),
    /**
     * How the other servers reach it, IPv4 or IPv6. Default: `address`. A number, because it stands in the others'
     * firewalls and /etc/hosts: a name would be looked up there at boot, before there is a network.
     */
    privateAddress: number.optional(),
  })
  .refine((host) => host.privateAddress !== undefined || isIP(host.address) !== 0, {
    path: ["address"],
    message:
      "is a name, and needs privateAddress beside it: a number, for the other servers' firewalls and /etc/hosts",
  })
  .readonly();

/** Options of the `existing` provider. */
export const existingOptionsSchema = z
  .strictObject({
    /** Your hosts, by the name that the server has in the stack. */
    hosts: z.record(z.string(), hostSchema),
  })
  .readonly();

export type ExistingOptions = z.input<typeof existingOptionsSchema>;
export type ExistingHost = z.output<typeof hostSchema>;
