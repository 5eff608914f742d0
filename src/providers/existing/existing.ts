import { RefusedError, UserError } from "../../errors/error.ts";
import { parsePluginOptions } from "../../stack/plugin-options.ts";
import type { Machine, Provider, ProviderContext, WishProblem } from "../contract.ts";
import { existingOptionsSchema, type ExistingHost, type ExistingOptions } from "./options.ts";

/**
 * Servers that you have already: addresses by server name.
 *
 * Nothing is ever made or removed: `ensure` looks the address up, `destroy` forgets and says so. Reboots go through
 * the host itself. A `hostKey` proves the host; without one the config must say `identity: "first-use"`.
 *
 * @throws UserError CONFIG_INVALID for options that break the schema.
 */
export function existing(options: ExistingOptions): Provider {
  const parsed = parsePluginOptions("provider", "existing", existingOptionsSchema, options);
  const hosts = new Map(Object.entries(parsed.hosts));

  const check: Provider["check"] = (request) => {
    const problems: WishProblem[] = [];
    const host = hosts.get(request.server);
    if (host === undefined) {
      const known = [...hosts.keys()].join(", ") || "none";
      problems.push({
        about: "server",
        message: `existing has no address for "${request.server}"; it has addresses for: ${known}`,
      });
    } else if (request.identity === "proven" && host.hostKey === undefined) {
      problems.push({
        about: "server",
        message: `nothing proves the host key of "${request.server}": give it as hosts.${request.server}.hostKey of existing, or say ssh.identity: "first-use" if you accept the risk that somebody in between shows theirs`,
      });
    }
    if (request.image !== undefined)
      problems.push({ about: "image", message: "existing takes no image: the host is there" });
    if (request.size !== undefined)
      problems.push({ about: "size", message: "existing takes no size: the host is there" });
    return problems;
  };

  const machines = (context: ProviderContext): readonly Machine[] =>
    [...hosts].map(([server, host]) => toMachine(context.stack, server, host));

  return {
    kind: "provider",
    apiVersion: 1,
    name: "existing",
    capabilities: {
      creates: false,
      reboots: false,
      console: false,
      images: false,
      sizes: false,
      identity: ["pinned", "first-use"],
      hostKeyOption: (server) => `hosts.${server}.hostKey`,
    },
    observe: async (context) => machines(context),
    list: async (context) => machines(context),
    ensure: async (request, context) => {
      const host = hosts.get(request.server);
      const problems = check(request);
      if (host === undefined || problems.length > 0) {
        throw new UserError("CONFIG_INVALID", problems.map(({ message }) => message).join("; "), {
          server: request.server,
          hint: "Mend `hosts` of existing(), or the server's entry.",
        });
      }
      return toMachine(context.stack, request.server, host);
    },
    identity: async (machine) => {
      const key = hosts.get(machine.server)?.hostKey;
      if (key === undefined) return { proof: "first-use", keys: [] };
      return { proof: "pinned", keys: (typeof key === "string" ? [key] : key).map(withoutComment) };
    },
    destroy: async (server) =>
      hosts.has(server)
        ? {
            existed: true,
            note: "the host is yours and goes on running",
          }
        : { existed: false },
    reboot: async (machine) => {
      throw new RefusedError(
        "CAPABILITY_MISSING",
        `existing cannot reboot ${machine.server} from outside.`,
        {
          server: machine.server,
          hint: "Use `bootmachine reboot` without --hard: the host reboots itself over ssh.",
        },
      );
    },
    console: async (machine) => {
      throw new RefusedError(
        "CAPABILITY_MISSING",
        `existing has no console log of ${machine.server}.`,
        {
          server: machine.server,
          hint: `Ask whoever runs the machine; or, where it answers: \`bootmachine exec --root ${machine.server} -- journalctl -b\`.`,
        },
      );
    },
    images: async () => [],
    sizes: async () => [],
    check,
  };
}

function toMachine(stack: string, server: string, host: ExistingHost): Machine {
  return {
    id: server,
    stack,
    server,
    status: "running",
    publicAddresses: [host.address],
    privateAddresses: [host.privateAddress ?? host.address],
    login: { user: host.user, port: host.port },
    image: "",
    size: "",
  };
}

function withoutComment(key: string): string {
  return key.split(" ").slice(0, 2).join(" ");
}
