import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, test } from "vitest";

import { awaitServer } from "../../../src/cloud/await-server.ts";
import { MachineWatch } from "../../../src/cloud/machine-watch.ts";
import { ProviderError } from "../../../src/errors/error.ts";
import { failureOf } from "../../provider-calls.ts";

interface Machine {
  readonly id: string;
  readonly isUp: boolean;
}

const caller = { signal: new AbortController().signal, progress: () => undefined };
const LIMIT_MS = 20_000;

/** A cloud whose machine "one" is up from its list number `upAt` on. */
function cloudOf(upAt: number): {
  readonly lists: () => number;
  readonly ask: () => Promise<Machine[]>;
} {
  let lists = 0;
  return {
    lists: () => lists,
    ask: async () => {
      lists += 1;
      return await Promise.resolve([{ id: "one", isUp: lists >= upAt }]);
    },
  };
}

const up = (machines: readonly Machine[]): readonly Machine[] | undefined =>
  machines.every(({ isUp }) => isUp) && machines.length > 0 ? machines : undefined;

const waitForUp = async (watch: MachineWatch<Machine>): Promise<Machine> =>
  await awaitServer(
    watch,
    { server: "one", limitMs: LIMIT_MS, claim: up, remove: async () => await Promise.resolve() },
    caller,
  );

describe("a server that is awaited", () => {
  test("is taken as the last list showed it, without another look", async () => {
    const cloud = cloudOf(1);
    const watch = new MachineWatch(cloud.ask, 5);
    await watch.fresh(caller);
    expect(await waitForUp(watch)).toMatchObject({ isUp: true });
    expect(cloud.lists()).toBe(1);
  });

  test("is looked for again where the last list showed it otherwise, or not at all", async () => {
    const late = cloudOf(3);
    const watch = new MachineWatch(late.ask, 5);
    await watch.fresh(caller);
    expect(await waitForUp(watch)).toMatchObject({ isUp: true });
    expect(late.lists()).toBe(3);
    const unseen = cloudOf(1);
    await waitForUp(new MachineWatch(unseen.ask, 5));
    expect(unseen.lists()).toBe(1);
    watch.forget("one");
    await waitForUp(watch);
    expect(late.lists()).toBe(4);
  });

  test("is not taken from the last list by somebody who asked to be cancelled", async () => {
    const cloud = cloudOf(1);
    const watch = new MachineWatch(cloud.ask, 5);
    await watch.fresh(caller);
    const wait = { claim: up, limitMs: LIMIT_MS, what: "one", lastWillDo: true };
    expect(await failureOf(watch.until(wait, { ...caller, signal: AbortSignal.abort() }))).toMatch(
      /^CANCELLED/,
    );
  });

  test("is awaited by a new list where something is to be gone from it", async () => {
    const cloud = cloudOf(1);
    const watch = new MachineWatch(cloud.ask, 5);
    const isGone = (machines: readonly Machine[]): true | undefined =>
      machines.length === 0 ? true : undefined;
    // No list was asked for yet: the empty one that stands for it must not be taken.
    const wait = { claim: isGone, limitMs: 30, what: "one did not go" };
    expect(await failureOf(watch.until(wait, caller))).toMatch(/^TIMEOUT/);
    expect(cloud.lists()).toBeGreaterThan(0);
  });
});

describe("what is not seen within the limit", () => {
  const wait = { claim: up, limitMs: 30, what: "one did not show" };

  test("is looked for once more in a list that was asked for after it: the only one, where looks are far apart", async () => {
    const cloud = cloudOf(1);
    expect(await new MachineWatch(cloud.ask, 5000).until(wait, caller)).toHaveLength(1);
    expect(cloud.lists()).toBe(1);
  });

  test("is not called missing while no list has been answered: the slow one is waited for, and its failure told", async () => {
    const slow = async (): Promise<Machine[]> =>
      await sleep(120).then(() => [{ id: "one", isUp: true }]);
    expect(await new MachineWatch(slow, 5).until(wait, caller)).toHaveLength(1);
    const limited = async (): Promise<Machine[]> =>
      await sleep(60).then(() => Promise.reject(new ProviderError("PROVIDER_UNAVAILABLE", "no")));
    const failure = await failureOf(new MachineWatch(limited, 5).until(wait, caller));
    expect(failure).toMatch(/^PROVIDER_UNAVAILABLE/);
  });
});

test("whoever was cancelled before asks the cloud for nothing", async () => {
  const cloud = cloudOf(1);
  const watch = new MachineWatch(cloud.ask, 5);
  const cancelled = { ...caller, signal: AbortSignal.abort() };
  expect(await failureOf(watch.fresh(cancelled))).toMatch(/^CANCELLED/);
  expect(cloud.lists()).toBe(0);
});

describe("the pause between two looks", () => {
  test("ends with the last one who waits: it holds up no end of the process", () => {
    // In a process of its own, which has no timers but those of the watch.
    const program = `
      import { MachineWatch } from ${JSON.stringify(new URL("../../../src/cloud/machine-watch.ts", import.meta.url))};
      const watch = new MachineWatch(async () => [{ id: "one" }], 20);
      const wait = { claim: ([first]) => first, limitMs: 5000, what: "one" };
      const caller = { signal: new AbortController().signal, progress: () => undefined };
      await Promise.all([watch.until(wait, caller), watch.until(wait, caller)]);
      await new Promise((done) => setImmediate(done));
      console.log(process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length);`;
    const words = ["--input-type=module", "--eval", program];
    expect(execFileSync(process.execPath, words, { encoding: "utf8" })).toBe("0\n");
  });

  test("ends also when the last one has given up; whoever comes then waits for a whole one", async () => {
    const cloud = cloudOf(2);
    const watch = new MachineWatch(cloud.ask, 50);
    const cancel = new AbortController();
    const wait = { claim: up, limitMs: LIMIT_MS, what: "one" };
    const given = failureOf(watch.until(wait, { ...caller, signal: cancel.signal }));
    cancel.abort();
    const began = performance.now();
    const next = waitForUp(watch);
    expect(await given).toMatch(/^CANCELLED/);
    await next;
    expect(cloud.lists()).toBe(2);
    // A busy computer makes a pause longer, and nothing makes it shorter.
    expect(performance.now() - began).toBeGreaterThanOrEqual(2 * 50 - 2);
  });
});
