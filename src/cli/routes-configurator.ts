import { buildCommand, buildRouteMap } from "@stricli/core";

import { COMMANDS, type CONFIGURATOR_COMMANDS, docsOfConfigurator } from "./command-list.ts";
import type { RevokeFlags } from "./commands/configurator/revoke.ts";
import type { CliContext } from "./context.ts";
import {
  CHANGE_ALIASES,
  CHANGE_FLAGS,
  CONFIG_ALIASES,
  CONFIG_FLAGS,
  SELECTION_ALIASES,
  SELECTION_FLAGS,
  type ChangeFlags,
  type ConfigFlags,
  type SelectionFlags,
} from "./flags.ts";
import { lazily } from "./run-command.ts";

const SERVERS = {
  kind: "array",
  parameter: {
    brief: "Servers, by name or glob; without any: all",
    parse: String,
    placeholder: "SERVER",
  },
} as const;

const ROUTES = {
  agents: buildCommand<ConfigFlags, [], CliContext>({
    loader: lazily(async () => (await import("./commands/configurator/agents.ts")).agents),
    parameters: { flags: CONFIG_FLAGS, aliases: CONFIG_ALIASES },
    docs: docsOfConfigurator(
      "agents",
      "Lists the agents that the master knows, with their keys' fingerprints, and the servers that it does not know. Exit status 1 where a server is not enrolled, or a stranger is there.",
    ),
  }),
  accept: buildCommand<ChangeFlags, [server: string], CliContext>({
    loader: lazily(async () => (await import("./commands/configurator/accept.ts")).accept),
    parameters: {
      flags: CHANGE_FLAGS,
      aliases: CHANGE_ALIASES,
      positional: {
        kind: "tuple",
        parameters: [{ brief: "A server of the config", parse: String, placeholder: "SERVER" }],
      },
    },
    docs: docsOfConfigurator(
      "accept",
      "Runs the phases install and enroll on the server: its agent's key is made, or its fingerprint read, over the proven channel, and matched at the master. An agent that is no server of the stack is refused.",
    ),
  }),
  revoke: buildCommand<RevokeFlags, [name?: string], CliContext>({
    loader: lazily(async () => (await import("./commands/configurator/revoke.ts")).revoke),
    parameters: {
      flags: {
        fingerprint: {
          kind: "parsed",
          parse: String,
          brief: "By the fingerprint of its key, whatever name it goes by",
          placeholder: "FINGERPRINT",
          optional: true,
        },
        yes: CHANGE_FLAGS.yes,
        ...CONFIG_FLAGS,
      },
      aliases: { ...CONFIG_ALIASES, y: "yes" },
      positional: {
        kind: "tuple",
        parameters: [
          {
            brief: "An agent's name, a stranger's too",
            parse: String,
            placeholder: "NAME",
            optional: true,
          },
        ],
      },
    },
    docs: docsOfConfigurator(
      "revoke",
      "Takes the trust in an agent away at the master: its key or certificate is deleted or revoked. A stranger may call himself anything; with Salt and Puppet his key can be named instead, and no key that is accepted as a server's of the stack is touched. Asks first. `destroy` does it by itself.",
    ),
  }),
  restart: buildCommand<SelectionFlags, string[], CliContext>({
    loader: lazily(async () => (await import("./commands/configurator/restart.ts")).restart),
    parameters: { flags: SELECTION_FLAGS, aliases: SELECTION_ALIASES, positional: SERVERS },
    docs: docsOfConfigurator(
      "restart",
      "Restarts the tool's daemons on the named or selected servers: the master first, then the others at once.",
    ),
  }),
  push: buildCommand<SelectionFlags, string[], CliContext>({
    loader: lazily(async () => (await import("./commands/configurator/push.ts")).push),
    parameters: { flags: SELECTION_FLAGS, aliases: SELECTION_ALIASES, positional: SERVERS },
    docs: docsOfConfigurator(
      "push",
      "Brings your states, manifests, recipes or playbooks to where the tool reads them, whole or not at all, and says which files changed. Runs nothing.",
    ),
  }),
  run: buildCommand<ChangeFlags, string[], CliContext>({
    loader: lazily(async () => (await import("./commands/configurator/run.ts")).run),
    parameters: { flags: CHANGE_FLAGS, aliases: CHANGE_ALIASES, positional: SERVERS },
    docs: docsOfConfigurator(
      "run",
      "Brings your tree over and runs the tool on the named or selected servers now, also where nothing has changed.",
    ),
  }),
} satisfies Record<keyof typeof CONFIGURATOR_COMMANDS, unknown>;

export const CONFIGURATOR_ROUTES = {
  configurator: buildRouteMap({
    routes: ROUTES,
    docs: { brief: COMMANDS.configurator.brief },
  }),
};
