import { COMMANDS, type CommandEntry } from "./command-list.ts";

/** The text of `bootmachine --help`. */
export function renderRootHelp(version: string): string {
  const entries = Object.entries(COMMANDS) as [string, CommandEntry][];
  const lines = [
    `bootmachine ${version}: one typed file, one command, a stack of real, secured servers.`,
    "",
    "Usage:  bootmachine COMMAND [FLAGS] [ARGUMENTS]",
  ];
  let group = "";
  for (const [name, entry] of entries) {
    if (entry.group !== group) lines.push("", `${entry.group}:`);
    group = entry.group;
    lines.push(`  ${name.padEnd(11)} ${entry.brief}`);
  }
  lines.push(
    "",
    "Flags of most commands:",
    "  -c, --config FILE      the config file; otherwise bootmachine.config.* here or above",
    "  -s, --server NAME      only these servers; a name or a glob, may be repeated",
    "  -r, --role ROLE        only servers of these roles; may be repeated",
    "      --json             machine-readable output",
    "",
    "`bootmachine COMMAND --help` shows the rest. Begin with `bootmachine init` and `bootmachine up`.",
    "Exit status: 0 done, 1 failed on a server, 2 usage or config, 3 refused, 70 a defect, 130 cancelled.",
  );
  return `${lines.join("\n")}\n`;
}
