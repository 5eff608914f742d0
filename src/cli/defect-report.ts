import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { arch, release, tmpdir, type } from "node:os";
import { join } from "node:path";

import type { Surroundings } from "./context.ts";
import { stackOf } from "./stack-text.ts";

/**
 * Writes what a defect's report needs into a file of its own (0600, new name, no arguments: they may hold secrets).
 * Undefined where it cannot be written: a full disk must not hide the error itself.
 */
export async function writeDefectReport(
  surroundings: Surroundings,
  error: Error,
): Promise<string | undefined> {
  const file = join(
    tmpdir(),
    `bootmachine-defect-${Date.now()}-${randomBytes(4).toString("hex")}.txt`,
  );
  const text = [
    `bootmachine ${surroundings.version}`,
    `node ${process.version}, ${type()} ${release()} ${arch()}`,
    new Date().toISOString(),
    "",
    stackOf(error),
    "",
  ].join("\n");
  try {
    await writeFile(file, text, { mode: 0o600, flag: "wx" });
    return file;
  } catch {
    return undefined;
  }
}
