import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Says which process the package cache of this directory is. */
export async function writeCacheMark(directory: string, mark: string): Promise<void> {
  const file = join(directory, "process");
  await writeFile(`${file}.new`, mark);
  await rename(`${file}.new`, file);
}
