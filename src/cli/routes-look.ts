import { buildCommand } from "@stricli/core";

import { docsOf } from "./command-list.ts";
import type { ImagesFlags } from "./commands/images.ts";
import type { InventoryFlags } from "./commands/inventory.ts";
import type { LogFlags } from "./commands/log.ts";
import type { SizesFlags } from "./commands/sizes.ts";
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

const SEARCH_WORDS = {
  kind: "array",
  parameter: { brief: "Words that must occur", parse: String, placeholder: "WORD" },
} as const;

const ALL_FLAG = {
  kind: "boolean",
  brief: "Show all, however many there are",
  default: false,
  withNegated: false,
} as const;

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
  images: buildCommand<ImagesFlags, string[], CliContext>({
    loader: lazily(async () => (await import("./commands/images.ts")).images),
    parameters: {
      flags: { all: ALL_FLAG, ...CONFIG_FLAGS },
      aliases: CONFIG_ALIASES,
      positional: SEARCH_WORDS,
    },
    docs: docsOf(
      "images",
      'With words: the images in whose name, distro or description all of them occur, such as `bootmachine images debian 12`. The distro is what a server may ask for in place of a name: `image: { distro: "debian-12" }`.',
    ),
  }),
  sizes: buildCommand<SizesFlags, string[], CliContext>({
    loader: lazily(async () => (await import("./commands/sizes.ts")).sizes),
    parameters: {
      flags: {
        cpus: amountFlag("At least so many CPUs", "NUMBER"),
        memory: amountFlag("At least so much memory, in GiB", "GIB"),
        disk: amountFlag("At least so much root disk, in GiB", "GIB"),
        all: ALL_FLAG,
        ...CONFIG_FLAGS,
      },
      aliases: CONFIG_ALIASES,
      positional: SEARCH_WORDS,
    },
    docs: docsOf(
      "sizes",
      "The smallest first. With words: the sizes in whose name all of them occur; with needs: those that have as much, the first of which is what a server gets that asks for them: `bootmachine sizes --cpus 2 --memory 4` and `size: { cpus: 2, memoryGb: 4 }`.",
    ),
  }),
};

function amountFlag(brief: string, placeholder: string) {
  return { kind: "parsed", parse: parseAmount, brief, placeholder, optional: true } as const;
}

function parseAmount(text: string): number {
  const number = Number(text);
  if (!/^[0-9.]+$/.test(text) || !(number > 0 && number <= 65_536))
    throw new Error("a number above 0, and 65536 at most, is wanted");
  return number;
}
