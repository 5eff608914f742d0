import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { Journal, makeRunId, removeOldJournals } from "../../../src/fleet/journal.ts";

const note = {
  at: "2026-01-02T03:04:05.678Z",
  type: "note",
  level: "info",
  text: "hello",
} as const;

describe("Journal", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "bootmachine-test-"));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it("has written an event when `write` returns", async () => {
    const journal = new Journal(join(directory, "deep", "er"), "run");
    journal.write(note);
    journal.write(note);
    expect(
      (await readFile(journal.file, "utf8"))
        .split("\n")
        .slice(0, 2)
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([note, note]);
    journal.close();
  });

  it("says why it cannot write, and goes on", async () => {
    await writeFile(join(directory, "file"), "");
    const journal = new Journal(join(directory, "file"), "run");
    journal.write(note);
    expect(journal.failure).toMatch(/EEXIST|ENOTDIR/);
  });

  it("survives a disk that is full", async () => {
    await symlink("/dev/full", join(directory, "run.jsonl"));
    const journal = new Journal(directory, "run");
    journal.write(note);
    journal.write(note);
    expect(journal.failure).toContain("ENOSPC");
  });

  it("keeps the hundred newest", async () => {
    for (let n = 0; n < 105; n += 1) {
      await writeFile(join(directory, `${makeRunId("up", new Date(n * 1000))}.jsonl`), "");
    }
    await removeOldJournals(directory);
    const left = (await readdir(directory)).toSorted();
    expect(left).toHaveLength(100);
    expect(left[0]).toBe("19700101T000005.000Z-up.jsonl");
  });
});
