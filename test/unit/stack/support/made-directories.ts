import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const made: string[] = [];

/** A fresh, empty directory; removed after the test file. */
export function makeEmptyDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "bootmachine-config-"));
  made.push(directory);
  return directory;
}

export function removeMadeDirectories(): void {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
}
