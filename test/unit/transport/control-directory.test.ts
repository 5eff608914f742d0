import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import {
  type ControlDirectory,
  controlDirectory,
} from "../../../src/transport/control-directory.ts";

let root: string;
let wanted: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bm-cd-"));
  wanted = join(root, "c");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function take(directory: ControlDirectory): Promise<string> {
  const socket = await directory.takePath();
  if (socket === undefined) throw new Error("there is a place for a socket");
  return socket;
}

test("the directory is the user's alone, and goes with the last connection", async () => {
  const directory = controlDirectory(wanted);
  const [one, two] = [await take(directory), await take(directory)];
  expect(dirname(one)).toBe(wanted);
  expect(one).not.toBe(two);
  expect(statSync(wanted).mode & 0o777).toBe(0o700);
  await directory.release(one);
  expect(existsSync(wanted)).toBe(true);
  await directory.release(two);
  expect(existsSync(wanted)).toBe(false);
  await directory.release(await take(directory));
  expect(readdirSync(root)).toEqual([]);
});

test("two of one user's commands, one of which ends as the other begins: the directory stays with who has a path in it", async () => {
  const work = async (directory: ControlDirectory): Promise<void> => {
    for (let round = 0; round < 500; round += 1) {
      const socket = await take(directory);
      expect(existsSync(wanted), `round ${round}`).toBe(true);
      await directory.release(socket);
    }
  };
  const [mine, theirs] = [controlDirectory(wanted), controlDirectory(wanted)];
  // Several connections of each at once.
  await Promise.all([mine, mine, theirs, theirs].map(work));
  expect(readdirSync(root)).toEqual([]);
});

test("what others may enter is closed to them, and a path that is too long is not taken", async () => {
  const open = controlDirectory(root);
  chmodSync(root, 0o755);
  await open.release(await take(open));
  const long = controlDirectory(join(root, "x".repeat(90)));
  const socket = await take(long);
  expect(socket.length).toBeLessThan(90);
  await long.release(socket);
  expect(existsSync(dirname(socket))).toBe(false);
});

test("a directory that somebody else has put there meanwhile is not used", async () => {
  const directory = controlDirectory(wanted);
  await directory.release(await take(directory));
  const elsewhere = mkdtempSync(join(root, "elsewhere-"));
  symlinkSync(elsewhere, wanted);
  expect(await directory.takePath()).toBeUndefined();
  expect(readdirSync(elsewhere)).toEqual([]);
});
