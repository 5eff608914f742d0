import { buildCommand } from "@stricli/core";

import { docsOf } from "./command-list.ts";
import type { UpFlags } from "./commands/up.ts";
import type { CliContext } from "./context.ts";
import {
  CHANGE_ALIASES,
  CHANGE_FLAGS,
  SELECTION_ALIASES,
  SELECTION_FLAGS,
  type ChangeFlags,
  type SelectionFlags,
} from "./flags.ts";
import { lazily } from "./run-command.ts";

const changeParameters = { flags: CHANGE_FLAGS, aliases: CHANGE_ALIASES };

export const BRING_UP_ROUTES = {
  up: buildCommand<UpFlags, [], CliContext>({
    loader: lazily(async () => (await import("./commands/up.ts")).up),
    parameters: {
      flags: {
        prove: {
          kind: "boolean",
          brief: "Prove from outside the servers that did not change as well",
          default: false,
          withNegated: false,
        },
        configure: {
          kind: "boolean",
          brief: "Run the configuration-management tool also where nothing has changed",
          default: false,
          withNegated: false,
        },
        ...CHANGE_FLAGS,
      },
      aliases: CHANGE_ALIASES,
    },
    docs: docsOf(
      "up",
      "Takes every server of the stack, or the selected ones, through all phases: boot, trust, prepare, secure, install, enroll, configure, verify. What is in place is left alone, so the command can be run at any time, and goes on where an earlier run stopped.",
    ),
  }),
  boot: buildCommand<ChangeFlags, [], CliContext>({
    loader: lazily(async () => (await import("./commands/boot.ts")).boot),
    parameters: changeParameters,
    docs: docsOf("boot"),
  }),
  bootstrap: buildCommand<ChangeFlags, [], CliContext>({
    loader: lazily(async () => (await import("./commands/bootstrap.ts")).bootstrap),
    parameters: changeParameters,
    docs: docsOf("bootstrap", "Runs the phases trust and prepare on machines that are booted."),
  }),
  secure: buildCommand<ChangeFlags, [], CliContext>({
    loader: lazily(async () => (await import("./commands/secure.ts")).secure),
    parameters: changeParameters,
    docs: docsOf(
      "secure",
      "Runs the phase secure. The change of the way in is one transaction: where the new way does not work, the host goes back to the old one by itself.",
    ),
  }),
  configure: buildCommand<ChangeFlags, [], CliContext>({
    loader: lazily(async () => (await import("./commands/configure.ts")).configure),
    parameters: changeParameters,
    docs: docsOf(
      "configure",
      "Runs the phases install, enroll and configure. The tool runs also where nothing has changed since its last good run.",
    ),
  }),
  plan: buildCommand<SelectionFlags, [], CliContext>({
    loader: lazily(async () => (await import("./commands/plan.ts")).plan),
    parameters: { flags: SELECTION_FLAGS, aliases: SELECTION_ALIASES },
    docs: docsOf(
      "plan",
      "Shows for each server and phase what `up` would change, with the diffs of files. Changes nothing, there or here: its journal is all that it writes.",
    ),
  }),
};
