import { buildCommand, type TypedPositionalParameter } from "@stricli/core";

import { docsOf } from "./command-list.ts";
import type { DestroyFlags } from "./commands/destroy.ts";
import type { ExecFlags } from "./commands/exec.ts";
import type { PutFlags } from "./commands/put.ts";
import type { RebootFlags } from "./commands/reboot.ts";
import type { CliContext } from "./context.ts";
import {
  CHANGE_ALIASES,
  CHANGE_FLAGS,
  CONFIG_ALIASES,
  CONFIG_FLAGS,
  SELECTION_ALIASES,
  SELECTION_FLAGS,
  type ConfigFlags,
  type SelectionFlags,
} from "./flags.ts";
import { lazily } from "./run-command.ts";

const SERVERS = {
  kind: "array",
  parameter: { brief: "Servers, by name or glob", parse: String, placeholder: "SERVER" },
} as const;

const word = (
  placeholder: string,
  brief: string,
): TypedPositionalParameter<string, CliContext> => ({ brief, parse: String, placeholder });

export const USE_ROUTES = {
  ssh: buildCommand<ConfigFlags, [server: string], CliContext>({
    loader: lazily(async () => (await import("./commands/ssh.ts")).ssh),
    parameters: {
      flags: CONFIG_FLAGS,
      aliases: CONFIG_ALIASES,
      positional: { kind: "tuple", parameters: [word("SERVER", "The server")] },
    },
    docs: docsOf(
      "ssh",
      "Hands the terminal to ssh, with the pinned host key and the stack's own key. Words after `--` go to ssh: `bootmachine ssh web1 -- -v`, `bootmachine ssh web1 -- uptime`. The exit status is ssh's.",
    ),
  }),
  exec: buildCommand<ExecFlags, string[], CliContext>({
    loader: lazily(async () => (await import("./commands/exec.ts")).exec),
    parameters: {
      flags: {
        root: {
          kind: "boolean",
          brief: "Run it as root instead of as the operator",
          default: false,
          withNegated: false,
        },
        timeout: {
          kind: "parsed",
          parse: parseSeconds,
          brief: "Limit for the command on each server, in seconds",
          placeholder: "SECONDS",
          default: "600",
        },
        ...SELECTION_FLAGS,
      },
      aliases: SELECTION_ALIASES,
      positional: SERVERS,
    },
    docs: docsOf(
      "exec",
      "Runs a command on the named or selected servers (without any: on all) at once; each line of output carries its server's name. Several words are quoted as they stand; one word is shell text: `bootmachine exec -- 'df -h | tail -1'`. Exit status 1 when it failed on a server.",
    ),
  }),
  put: buildCommand<PutFlags, string[], CliContext>({
    loader: lazily(async () => (await import("./commands/put.ts")).put),
    parameters: {
      flags: {
        mode: {
          kind: "parsed",
          parse: parseMode,
          brief: "The file's mode, as octal digits",
          placeholder: "MODE",
          default: "0644",
        },
        ...SELECTION_FLAGS,
      },
      aliases: SELECTION_ALIASES,
      positional: {
        kind: "array",
        parameter: {
          brief: "The local file, its absolute path on the servers, and servers by name or glob",
          parse: String,
          placeholder: "FILE PATH [SERVER...]",
        },
        minimum: 2,
      },
    },
    docs: docsOf(
      "put",
      "Writes the file on the named or selected servers (without any: on all), as root, whole or not at all.",
    ),
  }),
  run: buildCommand<SelectionFlags, [task?: string], CliContext>({
    loader: lazily(async () => (await import("./commands/run.ts")).run),
    parameters: {
      flags: SELECTION_FLAGS,
      aliases: SELECTION_ALIASES,
      positional: {
        kind: "tuple",
        parameters: [
          {
            brief: "The task's name in the config; without it: list the tasks",
            parse: String,
            placeholder: "TASK",
            optional: true,
          },
        ],
      },
    },
    docs: docsOf(
      "run",
      "Calls a function of `tasks` in your config with the selected hosts. Words after `--` are its arguments.",
    ),
  }),
  reboot: buildCommand<RebootFlags, string[], CliContext>({
    loader: lazily(async () => (await import("./commands/reboot.ts")).reboot),
    parameters: {
      flags: {
        hard: {
          kind: "boolean",
          brief: "Through the provider, as if the power had failed",
          default: false,
          withNegated: false,
        },
        ...CHANGE_FLAGS,
      },
      aliases: CHANGE_ALIASES,
      positional: SERVERS,
    },
    docs: docsOf(
      "reboot",
      "Reboots the named or selected servers. All of them only after a question, or with --yes.",
    ),
  }),
  destroy: buildCommand<DestroyFlags, [], CliContext>({
    loader: lazily(async () => (await import("./commands/destroy.ts")).destroy),
    parameters: {
      flags: {
        orphans: {
          kind: "boolean",
          brief: "Only machines of this stack that the config names no more",
          default: false,
          withNegated: false,
        },
        ...CHANGE_FLAGS,
      },
      aliases: CHANGE_ALIASES,
    },
    docs: docsOf(
      "destroy",
      "Destroys the machines of the stack, or the selected ones, with all data on them; half-made ones and ones that are no longer in the config as well. Names them and asks first.",
    ),
  }),
};

function parseSeconds(text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number <= 0 || number > 86_400)
    throw new Error("a number of seconds from 1 to 86400 is wanted");
  return number;
}

function parseMode(text: string): string {
  if (!/^0?[0-7]{3,4}$/.test(text)) throw new Error("octal digits are wanted, such as 0644");
  return text.padStart(4, "0");
}
