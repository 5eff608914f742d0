import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";

import { UserError } from "../errors/error.ts";
import type { CliContext } from "./context.ts";

/**
 * Writes what a flag such as `--output FILE` asked for.
 *
 * @param flag the flag's name, for the way out: "--output"
 * @returns the absolute path
 * @throws UserError USAGE where the file cannot be written
 */
export async function writeOutput(
  context: Pick<CliContext, "cwd">,
  flag: string,
  path: string,
  text: string,
): Promise<string> {
  const file = resolve(context.cwd, path);
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new UserError(
      "USAGE",
      `${file} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
      { hint: `Choose another place for ${flag}.`, cause },
    );
  }
  return file;
}
