import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { lockStack } from "../../../src/fleet/stack-lock.ts";

describe("lockStack", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "bootmachine-test-"));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it("refuses a second run with who, when and where", async () => {
    const path = join(directory, "lock");
    const lock = await lockStack(path, "ada@laptop", "up");
    await expect(lockStack(path, "grace@desk", "secure")).rejects.toMatchObject({
      code: "STACK_LOCKED",
      message: expect.stringMatching(
        /`up` by ada@laptop on .+, process \d+, since \d{4}-/,
      ) as string,
    });
    await lock.release();
    const again = await lockStack(path, "grace@desk", "secure");
    await again.release();
  });

  it("takes over the lock of a process that has ended", async () => {
    const path = join(directory, "lock");
    const dead = {
      who: "ada",
      computer: hostname(),
      pid: 2 ** 22 + 1,
      startedTicks: "1",
      since: "x",
      command: "up",
    };
    await writeFile(path, JSON.stringify(dead));
    const lock = await lockStack(path, "grace", "up");
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({
      who: "grace",
      pid: process.pid,
    });
    await lock.release();
  });

  it("takes over the lock of an earlier process with our number", async () => {
    const path = join(directory, "lock");
    const recycled = {
      who: "ada",
      computer: hostname(),
      pid: process.pid,
      startedTicks: "1",
      since: "x",
      command: "up",
    };
    await writeFile(path, JSON.stringify(recycled));
    await (await lockStack(path, "grace", "up")).release();
  });

  it("takes over a lock that is not readable as one", async () => {
    const path = join(directory, "lock");
    await writeFile(path, "half-writ");
    await (await lockStack(path, "grace", "up")).release();
  });

  it("keeps the lock of another computer", async () => {
    const path = join(directory, "lock");
    const elsewhere = {
      who: "ada",
      computer: "elsewhere",
      pid: 1,
      startedTicks: "",
      since: "x",
      command: "up",
    };
    await writeFile(path, JSON.stringify(elsewhere));
    await expect(lockStack(path, "grace", "up")).rejects.toMatchObject({
      code: "STACK_LOCKED",
      // It may be this computer under an earlier name: what to remove is named, and when.
      hint: expect.stringContaining(`remove the file ${path}.`) as string,
    });
  });

  it("lets exactly one of many take over", async () => {
    const path = join(directory, "lock");
    await writeFile(path, "half-written");
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, () => lockStack(path, "ada", "up")),
    );
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("lets exactly one of many in", async () => {
    const path = join(directory, "lock");
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, () => lockStack(path, "ada", "up")),
    );
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });
});
