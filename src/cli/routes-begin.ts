import { buildCommand } from "@stricli/core";

import { docsOf } from "./command-list.ts";
import type { CompletionShell } from "./commands/completion.ts";
import type { InitFlags } from "./commands/init.ts";
import type { CliContext } from "./context.ts";
import { OUTPUT_FLAGS, type OutputFlags } from "./flags.ts";
import { INIT_CONFIGURATORS } from "./init-configurators.ts";
import { lazily } from "./run-command.ts";

export const BEGIN_ROUTES = {
  init: buildCommand<InitFlags, [], CliContext>({
    loader: lazily(async () => (await import("./commands/init.ts")).init),
    parameters: {
      flags: {
        name: {
          kind: "parsed",
          parse: String,
          brief: "The stack's name; default: the directory's",
          placeholder: "NAME",
          optional: true,
        },
        provider: {
          kind: "enum",
          values: ["local", "existing"],
          brief: "Where the servers come from: this computer, or a list of addresses",
          optional: true,
        },
        address: {
          kind: "parsed",
          parse: String,
          brief: "For --provider existing: an address, or NAME=ADDRESS; may be repeated",
          placeholder: "ADDRESS",
          variadic: ",",
          optional: true,
        },
        configurator: {
          kind: "enum",
          values: INIT_CONFIGURATORS,
          brief: "The configuration-management tool, with a starter kit of its files",
          optional: true,
        },
        format: {
          kind: "enum",
          values: ["ts", "yaml"],
          brief: "A typed config (ts) or a YAML one",
          default: "ts",
        },
        identityFile: {
          kind: "parsed",
          parse: String,
          brief:
            "The private key to log in with; otherwise ~/.ssh/id_ed25519, or a new one of the stack's own",
          placeholder: "FILE",
          optional: true,
        },
        yes: {
          kind: "boolean",
          brief: "Ask nothing, take the defaults",
          default: false,
          withNegated: false,
        },
        ...OUTPUT_FLAGS,
      },
      aliases: { y: "yes" },
    },
    docs: docsOf(
      "init",
      "Writes bootmachine.config.ts (or .yaml) into this directory, the starter kit of a configuration-management tool into a folder of its name, and .gitignore entries for what bootmachine keeps beside them. Never overwrites a file. Asks on a terminal; elsewhere, or with --yes, takes the defaults and says which.",
    ),
  }),
  explain: buildCommand<OutputFlags, [code?: string], CliContext>({
    loader: lazily(async () => (await import("./commands/explain.ts")).explain),
    parameters: {
      flags: OUTPUT_FLAGS,
      positional: {
        kind: "tuple",
        parameters: [
          {
            brief: "Such as KEY_REFUSED; without it: all codes",
            parse: String,
            placeholder: "CODE",
            optional: true,
          },
        ],
      },
    },
    docs: docsOf("explain"),
  }),
  completion: buildCommand<OutputFlags, [shell: CompletionShell], CliContext>({
    loader: lazily(async () => (await import("./commands/completion.ts")).completion),
    parameters: {
      flags: OUTPUT_FLAGS,
      positional: {
        kind: "tuple",
        parameters: [{ brief: "bash, zsh or fish", parse: parseShell, placeholder: "SHELL" }],
      },
    },
    docs: docsOf(
      "completion",
      'bash: `eval "$(bootmachine completion bash)"` in ~/.bashrc; zsh: the same with zsh in ~/.zshrc after compinit; fish: `bootmachine completion fish > ~/.config/fish/completions/bootmachine.fish`.',
    ),
  }),
};

function parseShell(text: string): CompletionShell {
  if (text === "bash" || text === "zsh" || text === "fish") return text;
  throw new Error("bash, zsh or fish is wanted");
}
