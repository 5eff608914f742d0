import {
  buildApplication,
  buildRouteMap,
  help,
  text_en,
  type Application,
  type ApplicationText,
} from "@stricli/core";

import { nearestWord } from "../stack/suggest.ts";
import { COMMANDS, CONFIGURATOR_COMMANDS } from "./command-list.ts";
import type { CliContext } from "./context.ts";
import { CONFIGURATOR_ROUTES } from "./routes-configurator.ts";
import { BEGIN_ROUTES } from "./routes-begin.ts";
import { BRING_UP_ROUTES } from "./routes-bring-up.ts";
import { LOOK_ROUTES } from "./routes-look.ts";
import { USE_ROUTES } from "./routes-use.ts";

const SEE_HELP = "See `bootmachine --help`.";

/** What to type for each word that is a command; one word can be a command of its own and one of `configurator`. */
const COMMAND_LINES: ReadonlyMap<string, string> = new Map([
  ...Object.keys(CONFIGURATOR_COMMANDS).map((name) => [name, `configurator ${name}`] as const),
  ...Object.keys(COMMANDS).map((name) => [name, name] as const),
]);

const TEXT: ApplicationText = {
  ...text_en,
  headers: {
    ...text_en.headers,
    usage: "Usage",
    aliases: "Aliases",
    commands: "Commands",
    flags: "Flags",
    arguments: "Arguments",
  },
  briefs: {
    ...text_en.briefs,
    help: "Show this help",
    argumentEscapeSequence: "What follows is not for bootmachine",
  },
  noCommandRegisteredForInput: ({ input }) => {
    if (input.startsWith("-"))
      return `error USAGE: flags follow the command, and "${input}" stands before it. ${SEE_HELP}`;
    const meant = nearestWord(input, COMMAND_LINES.keys());
    const question = meant === undefined ? "" : ` Did you mean "${COMMAND_LINES.get(meant)}"?`;
    return `error USAGE: there is no command "${input}".${question} ${SEE_HELP}`;
  },
  exceptionWhileParsingArguments(error, color) {
    return `error USAGE: ${text_en.exceptionWhileParsingArguments.call(this, error, color)}`;
  },
};

/** The commands as the argument parser knows them. */
export function makeApplication(): Application<CliContext> {
  const root = buildRouteMap({
    routes: {
      ...BEGIN_ROUTES,
      ...BRING_UP_ROUTES,
      ...LOOK_ROUTES,
      ...USE_ROUTES,
      ...CONFIGURATOR_ROUTES,
    },
    docs: { brief: "One typed file, one command, a stack of real, secured servers" },
  });
  return buildApplication(
    root,
    {
      name: "bootmachine",
      scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
      documentation: { disableAnsiColor: true },
      localization: { text: TEXT },
    },
    {
      help: help({
        brief: TEXT.briefs.help,
        defaultForRouteMap: true,
        formatting: {
          caseStyle: "convert-camel-to-kebab",
          onlyRequiredInUsageLine: true,
          useAliasInUsageLine: false,
        },
      }),
    },
  );
}
