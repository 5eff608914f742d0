// Writes docs/reference/cli.md from the commands themselves. A test fails where the two differ.
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";

import {
  generateHelpTextForAllCommands,
  type Application,
  type CommandContext,
} from "@stricli/core";

import { makeApplication } from "../src/cli/application.ts";
import { COMMANDS, CONFIGURATOR_COMMANDS } from "../src/cli/command-list.ts";
import { renderRootHelp } from "../src/cli/root-help.ts";

export const CLI_REFERENCE = resolve(import.meta.dirname, "../docs/reference/cli.md");

export function renderCliReference(): string {
  const texts = new Map(
    generateHelpTextForAllCommands(makeApplication() as unknown as Application<CommandContext>).map(
      ([route, text]) => [route.split(" ").slice(1).join(" "), text],
    ),
  );
  const fence = "```";
  const entries = Object.entries<{ readonly brief: string }>(COMMANDS).flatMap(
    ([name, { brief }]): readonly (readonly [string, string])[] =>
      name === "configurator"
        ? Object.entries(CONFIGURATOR_COMMANDS).map(([own, entry]) => [
            `${name} ${own}`,
            entry.brief,
          ])
        : [[name, brief]],
  );
  const sections = entries.flatMap(([name, brief]) => {
    const text = texts.get(name);
    if (text === undefined) return [];
    return [`## ${name}`, "", `${brief}.`, "", `${fence}text`, text.trimEnd(), fence, ""];
  });
  return [
    "<!-- Made by scripts/generate-cli-reference.ts; do not edit. -->",
    "",
    "# Command line",
    "",
    `${fence}text`,
    renderRootHelp("").replace("bootmachine :", "bootmachine:").trimEnd(),
    fence,
    "",
    "Flags follow the command. A flag or a command that does not exist is refused with exit status 2; nothing is guessed.",
    "The environment variables that count are `NO_COLOR`, `TERM`, `SSH_AUTH_SOCK` and those that your own config reads.",
    "",
    ...sections,
  ].join("\n");
}

if (import.meta.main) writeFileSync(CLI_REFERENCE, renderCliReference());
