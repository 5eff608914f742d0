import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

import type { FleetEvent } from "./events.ts";

/** Journals kept for each stack; older ones are removed. */
const KEPT_JOURNALS = 100;

/**
 * The events of a run, one JSON object a line, written at once: what stands in it survives a SIGKILL.
 * A disk that is full, or a directory that cannot be written, never ends a run: `failure` says so, once.
 */
export class Journal {
  readonly file: string;
  failure: string | undefined;
  private descriptor: number | undefined;

  constructor(directory: string, runId: string) {
    this.file = join(directory, `${runId}.jsonl`);
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      this.descriptor = openSync(this.file, "a", 0o600);
    } catch (error) {
      this.failure = reasonOf(error);
    }
  }

  write(event: FleetEvent): void {
    if (this.descriptor === undefined) return;
    try {
      writeSync(this.descriptor, `${JSON.stringify(event)}\n`);
    } catch (error) {
      this.failure = reasonOf(error);
      this.close();
    }
  }

  close(): void {
    if (this.descriptor === undefined) return;
    try {
      closeSync(this.descriptor);
    } catch {
      // The data is written, or `failure` says that it is not.
    }
    this.descriptor = undefined;
  }
}

/** Run ids sort by time and are file names: `20261122T200102.345Z-up`. */
export function makeRunId(command: string, now: Date): string {
  return `${now.toISOString().replaceAll(/[-:]/g, "")}-${command.replaceAll(" ", "-")}`;
}

export async function removeOldJournals(directory: string): Promise<void> {
  const names = (await readdir(directory).catch(() => []))
    .filter((name) => name.endsWith(".jsonl"))
    .toSorted();
  for (const name of names.slice(0, Math.max(0, names.length - KEPT_JOURNALS))) {
    await rm(join(directory, name), { force: true });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
