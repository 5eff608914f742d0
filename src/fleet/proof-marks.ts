import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import type { StatePaths } from "./state-paths.ts";
import { writeAtomically } from "./write-atomically.ts";

type Where = Pick<StatePaths, "proved">;

/**
 * A file a server: its machine has passed the whole proof, from outside too, and no run has touched it since.
 * A run that may change things takes the mark away before it begins, so that one that fails, or is killed, leaves none:
 * the next `up` then proves the server from outside again, also where it finds nothing to change.
 */
export async function takeProofMark(
  paths: Where,
  server: string,
  machineId: string,
): Promise<boolean> {
  const marked = await readFile(fileOf(paths, server), "utf8").catch(() => undefined);
  if (marked === undefined) return false;
  await rm(fileOf(paths, server), { force: true });
  return marked === machineId;
}

export async function setProofMark(paths: Where, server: string, machineId: string): Promise<void> {
  // A mark that cannot be written costs the next run a scan, and must not fail this one.
  await writeAtomically(fileOf(paths, server), machineId).catch(() => undefined);
}

export async function dropProofMark(paths: Where, server: string): Promise<void> {
  // In a directory that cannot be written no run can begin either.
  await rm(fileOf(paths, server), { force: true }).catch(() => undefined);
}

function fileOf(paths: Where, server: string): string {
  return join(paths.proved, server);
}
