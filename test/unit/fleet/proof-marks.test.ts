import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { dropProofMark, setProofMark, takeProofMark } from "../../../src/fleet/proof-marks.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "marks-"));
});
afterEach(async () => rm(directory, { recursive: true, force: true }));

const where = () => ({ proved: join(directory, "proved") });

test("a mark is taken once: a run that is killed after it leaves none", async () => {
  await setProofMark(where(), "web1", "m-1");
  expect(await takeProofMark(where(), "web1", "m-1")).toBe(true);
  expect(await takeProofMark(where(), "web1", "m-1")).toBe(false);
});

test("a mark of another machine is void", async () => {
  await setProofMark(where(), "web1", "m-1");
  expect(await takeProofMark(where(), "web1", "m-2")).toBe(false);
});

test("a failed proof takes it away, and one that is not there is no error", async () => {
  await setProofMark(where(), "web1", "m-1");
  await dropProofMark(where(), "web1");
  await dropProofMark(where(), "web2");
  expect(await takeProofMark(where(), "web1", "m-1")).toBe(false);
});

test("a mark that cannot be written is no error: the next run proves again", async () => {
  await writeFile(join(directory, "proved"), "");
  await setProofMark(where(), "web1", "m-1");
  expect(await takeProofMark(where(), "web1", "m-1")).toBe(false);
});
