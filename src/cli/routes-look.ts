import { buildCommand } from "@stricli/core";

import { docsOf } from "./command-list.ts";
import type { InventoryFlags } from "./commands/inventory.ts";
import type { LogFlags } from "./commands/log.ts";
import type { VerifyFlags } from "./commands/verify.ts";
import type { CliContext } from "./context.ts";
import {
  CONFIG_ALIASES,
  CONFIG_FLAGS,
  SELECTION_ALIASES,
  SELECTION_FLAGS,
  type ConfigFlags,
  type SelectionFlags,
} from "./flags.ts";
import { lazily } from "./run-command.ts";

export const LOOK_ROUTES = {
  verify: buildCommand<VerifyFlags, [], CliContext>({
    loader: lazily(async () => (await import("./commands/verify.ts")).verify),
    parameters: {
      flags: {
        format: {
          kind: "enum",
          values: ["table", "json", "junit", "sarif"],
          brief: "How the proof is printed",
          default: "table",
        },
        output: {
          kind: "parsed",
          parse: String,
          brief: "Write the proof to a file",
          placeholder: "FILE",
          optional: true,
        },
        ...SELECTION_FLAGS,
      },
      aliases: { ...SELECTION_ALIASES, o: "output" },
    },
    docs: docsOf(
      "verify",
      "Changes nothing. Exit status 1 when a check fails: it is the drift check as well.",
    ),
  }),
  status: buildCommand<SelectionFlags, [], CliContext>({
    loader: lazily(async () => (await import("./commands/status.ts")).status),
    parameters: { flags: SELECTION_FLAGS, aliases: SELECTION_ALIASES },
    docs: docsOf("status"),
  }),
  inventory: buildCommand<InventoryFlags, [], CliContext>({
    loader: lazily(async () => (await import("./commands/inventory.ts")).inventory),
    parameters: {
      flags: {
        format: {
          kind: "enum",
          values: ["json", "yaml", "ansible", "ssh_config", "hosts"],
          brief:
            "The form: JSON, YAML, an Ansible inventory (YAML), an ssh_config, or lines for /etc/hosts",
          default: "yaml",
        },
        ...SELECTION_FLAGS,
      },
      aliases: SELECTION_ALIASES,
    },
    docs: docsOf("inventory"),
  }),
  log: buildCommand<LogFlags, [run?: string], CliContext>({
    loader: lazily(async () => (await import("./commands/log.ts")).log),
    parameters: {
      flags: {
        html: {
          kind: "parsed",
          parse: String,
          brief: "Write the run as one HTML page",
          placeholder: "FILE",
          optional: true,
        },
        list: { kind: "boolean", brief: "Only list the runs", default: false, withNegated: false },
        ...CONFIG_FLAGS,
      },
      aliases: CONFIG_ALIASES,
      positional: {
        kind: "tuple",
        parameters: [
          {
            brief: "A run of the list, or its beginning; default: the last",
            parse: String,
            placeholder: "RUN",
            optional: true,
          },
        ],
      },
    },
    docs: docsOf("log"),
  }),
  console: buildCommand<ConfigFlags, [server: string], CliContext>({
    loader: lazily(async () => (await import("./commands/console.ts")).console),
    parameters: {
      flags: CONFIG_FLAGS,
      aliases: CONFIG_ALIASES,
      positional: {
        kind: "tuple",
        parameters: [{ brief: "The server", parse: String, placeholder: "SERVER" }],
      },
    },
    docs: docsOf("console"),
  }),
  images: buildCommand<ConfigFlags, [], CliContext>({
    loader: lazily(async () => (await import("./commands/images.ts")).images),
    parameters: { flags: CONFIG_FLAGS, aliases: CONFIG_ALIASES },
    docs: docsOf("images"),
  }),
  sizes: buildCommand<ConfigFlags, [], CliContext>({
    loader: lazily(async () => (await import("./commands/sizes.ts")).sizes),
    parameters: { flags: CONFIG_FLAGS, aliases: CONFIG_ALIASES },
    docs: docsOf("sizes"),
  }),
};
