import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

import { UserError } from "../errors/error.ts";

/** The formats of a config file, by extension. */
export const CONFIG_EXTENSIONS = [".ts", ".mts", ".js", ".mjs", ".yaml", ".yml", ".json"] as const;

const CONFIG_NAMES: readonly string[] = CONFIG_EXTENSIONS.map(
  (extension) => `bootmachine.config${extension}`,
);

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function isDirectory(directory: string, inside: readonly string[], given: string): UserError {
  const found = CONFIG_NAMES.filter((name) => inside.includes(name));
  return new UserError("CONFIG_NOT_FOUND", `${directory} is a directory, not a config file.`, {
    hint:
      found.length === 0
        ? "Give the config file's own path; none of its usual names is in that directory."
        : `Give the file: ${found.map((name) => `--config ${join(given, name)}`).join(" or ")}.`,
  });
}

/**
 * Finds the config file: `configPath`, or `bootmachine.config.*` in `cwd` or the nearest directory above.
 *
 * @throws UserError CONFIG_NOT_FOUND; CONFIG_INVALID where two lie side by side or the format is not known.
 */
export async function findConfig(cwd: string, configPath: string | undefined): Promise<string> {
  if (configPath !== undefined) {
    const file = resolve(cwd, configPath);
    if (!(await isFile(file))) {
      const inside = await readdir(file).catch(() => undefined);
      if (inside !== undefined) throw isDirectory(file, inside, configPath);
      throw new UserError("CONFIG_NOT_FOUND", `There is no config file ${file}.`, {
        hint: "Check the path given with --config.",
      });
    }
    if (!CONFIG_EXTENSIONS.some((extension) => file.endsWith(extension))) {
      throw new UserError("CONFIG_INVALID", `${basename(file)} has no known format.`, {
        hint: `A config file ends in one of ${CONFIG_EXTENSIONS.join(", ")}.`,
      });
    }
    return file;
  }
  for (let directory = resolve(cwd); ; directory = dirname(directory)) {
    const present = await readdir(directory).catch((): string[] => []);
    const found = CONFIG_NAMES.filter((name) => present.includes(name));
    if (found.length > 1) {
      throw new UserError(
        "CONFIG_INVALID",
        `There are several config files in ${directory}: ${found.join(", ")}.`,
        { hint: "Keep one of them, or name the one that is meant with --config." },
      );
    }
    const [name] = found;
    if (name !== undefined) return join(directory, name);
    if (dirname(directory) === directory) {
      throw new UserError(
        "CONFIG_NOT_FOUND",
        `No bootmachine.config file was found in ${resolve(cwd)} or above it.`,
      );
    }
  }
}
