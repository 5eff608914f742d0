import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { proposeCompletions } from "@stricli/core";

import { makeApplication } from "./application.ts";
import type { CliContext } from "./context.ts";

/** Commands whose words are names of servers. */
const TAKES_SERVERS = new Set(["ssh", "exec", "console", "reboot"]);

/**
 * What may stand for the last of the words. Names of servers are read from the ssh_config that the last run
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
    return startingWith(await knownServers(context.cwd), partial);
  const proposals = await proposeCompletions(makeApplication(), words, context);
  const found = proposals.map(({ completion }) => completion);
  const isServerPlace =
    TAKES_SERVERS.has(command) ||
    (command === "put" && words.length > 3) ||
    (command === "configurator" && words.length > 2 && words[1] !== "agents");
  if (words.length > 1 && isServerPlace && !partial.startsWith("-")) {
    found.push(...startingWith(await knownServers(context.cwd), partial));
  }
  return [...new Set(found)];
}

function startingWith(names: readonly string[], partial: string): readonly string[] {
  return names.filter((name) => name.startsWith(partial));
}

/** The hosts of every ssh_config in the nearest `.bootmachine`, from here upward. */
async function knownServers(cwd: string): Promise<readonly string[]> {
  for (let directory = cwd; ; directory = dirname(directory)) {
    const root = join(directory, ".bootmachine");
    const stacks = await readdir(root).catch(() => undefined);
    if (stacks !== undefined) {
      const texts = await Promise.all(
        stacks.map((stack) => readFile(join(root, stack, "ssh_config"), "utf8").catch(() => "")),
      );
      return texts
        .flatMap((text) =>
          [...text.matchAll(/^Host +(.+)$/gm)].flatMap((match) => (match[1] ?? "").split(/ +/)),
        )
        .filter((name) => !/[*?!]/.test(name));
    }
    if (dirname(directory) === directory) return [];
  }
}
