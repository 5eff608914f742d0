import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { proposeCompletions } from "@stricli/core";

import { ERROR_CODES } from "../errors/codes.ts";
import { makeApplication } from "./application.ts";
import type { CliContext } from "./context.ts";

/** Commands whose words are names of servers. */
const TAKES_SERVERS = new Set(["ssh", "exec", "console", "reboot"]);

/**
 * What may stand for the last of the words. Names of servers and roles are read from the ssh_config that the last run
 * left: pressing Tab never runs the code of a config, and never asks a provider.
 */
export async function complete(
  words: readonly string[],
  context: CliContext,
): Promise<readonly string[]> {
  const partial = words.at(-1) ?? "";
  const before = words.at(-2) ?? "";
  const [command = ""] = words;
  if (words.includes("--")) return [];
  if (before === "--server" || before === "-s")
    return startingWith(serversIn(await knownTexts(context.cwd)), partial);
  if (before === "--role" || before === "-r")
    return startingWith(rolesIn(await knownTexts(context.cwd)), partial);
  const proposals = await proposeCompletions(makeApplication(), words, context);
  const found = proposals.map(({ completion }) => completion);
  const isServerPlace =
    TAKES_SERVERS.has(command) ||
    (command === "put" && words.length > 3) ||
    (command === "configurator" && words.length > 2 && words[1] !== "agents");
  if (words.length > 1 && isServerPlace && !partial.startsWith("-")) {
    found.push(...startingWith(serversIn(await knownTexts(context.cwd)), partial));
  }
  if (command === "explain" && words.length === 2 && !partial.startsWith("-"))
    found.push(...startingWith(Object.keys(ERROR_CODES), partial.toUpperCase()));
  return [...new Set(found)];
}

function startingWith(names: readonly string[], partial: string): readonly string[] {
  return names.filter((name) => name.startsWith(partial));
}

function serversIn(texts: readonly string[]): readonly string[] {
  return wordsBehind(/^Host +(.+)$/gm, texts).filter((name) => !/[*?!]/.test(name));
}

function rolesIn(texts: readonly string[]): readonly string[] {
  return wordsBehind(/^ +# Roles: +(.+)$/gm, texts);
}

/** The words of what a pattern's first group takes, each once. */
function wordsBehind(pattern: RegExp, texts: readonly string[]): readonly string[] {
  const words = texts.flatMap((text) =>
    [...text.matchAll(pattern)].flatMap((match) => (match[1] ?? "").split(/ +/)),
  );
  return [...new Set(words)];
}

/** Every ssh_config in the nearest `.bootmachine`, from here upward. */
async function knownTexts(cwd: string): Promise<readonly string[]> {
  for (let directory = cwd; ; directory = dirname(directory)) {
    const root = join(directory, ".bootmachine");
    const stacks = await readdir(root).catch(() => undefined);
    if (stacks !== undefined) {
      return await Promise.all(
        stacks.map((stack) => readFile(join(root, stack, "ssh_config"), "utf8").catch(() => "")),
      );
    }
    if (dirname(directory) === directory) return [];
  }
}
