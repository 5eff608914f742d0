import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { budgetOf, CallBudget } from "../../../src/cloud/call-budget.ts";
import { type CallKind, callLimits } from "../../../src/cloud/call-limit.ts";

const HOUR_MS = 3_600_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

/** Whether a call is done at once; one that has to wait is given up. */
async function isDoneAtOnce(budget: CallBudget, kind: CallKind = "read"): Promise<string> {
  const cancel = new AbortController();
  let said = "";
  const progress = (text: string): void => {
    said = text;
    cancel.abort();
  };
  return await budget
    .spend({ signal: cancel.signal, progress }, kind, async () => await Promise.resolve("done"))
    .catch((thrown: { readonly code?: string }) => `${thrown.code}: ${said}`);
}

test("so many calls in any hour: the next one waits, says how long, and goes when the first is an hour old", async () => {
  const budget = new CallBudget(callLimits({ callsPerHour: 3 }));
  for (let call = 0; call < 3; call += 1) {
    expect(await isDoneAtOnce(budget)).toBe("done");
    vi.setSystemTime(Date.now() + 60_000);
  }
  expect(await isDoneAtOnce(budget)).toBe(
    "CANCELLED: waiting 3420 s before more calls: the cloud's rate limit",
  );
  // What was given up was no call.
  vi.setSystemTime(Date.now() + HOUR_MS - 180_000 - 1);
  expect(await isDoneAtOnce(budget)).toMatch(/^CANCELLED: waiting 1 s/);
  vi.setSystemTime(Date.now() + 1);
  expect(await isDoneAtOnce(budget)).toBe("done");
  expect(await isDoneAtOnce(budget)).toMatch(/^CANCELLED: waiting 60 s/);
});

test("the quiet that a cloud asks for is kept by all, and the longer of two counts", async () => {
  const budget = new CallBudget();
  budget.keepQuiet(30_000);
  budget.keepQuiet(5000);
  expect(await isDoneAtOnce(budget)).toMatch(/^CANCELLED: waiting 30 s/);
  vi.setSystemTime(Date.now() + 30_000);
  expect(await isDoneAtOnce(budget)).toBe("done");
});

test("an account has one budget, and the smallest limit that is named for it", async () => {
  const key = `an account of ${import.meta.filename}`;
  const one = budgetOf(key, []);
  expect(budgetOf(key, callLimits({ callsPerHour: 1 }))).toBe(one);
  expect(budgetOf(key, callLimits({ callsPerHour: 100 }))).toBe(one);
  expect(await isDoneAtOnce(one)).toBe("done");
  expect(await isDoneAtOnce(one)).toMatch(/^CANCELLED: waiting 3600 s/);
});

test("writes are counted apart from reads where the cloud does; the limit of all counts both", async () => {
  const budget = new CallBudget(callLimits({ writesPerMinute: 2, callsPerHour: 5 }));
  for (let call = 0; call < 2; call += 1) expect(await isDoneAtOnce(budget, "write")).toBe("done");
  expect(await isDoneAtOnce(budget, "write")).toMatch(/^CANCELLED: waiting 60 s/);
  expect(await isDoneAtOnce(budget, "read")).toBe("done");
  vi.setSystemTime(Date.now() + 60_000);
  for (let call = 0; call < 2; call += 1) expect(await isDoneAtOnce(budget, "write")).toBe("done");
  expect(await isDoneAtOnce(budget, "read")).toMatch(/^CANCELLED: waiting 3540 s/);
});

test("a call counts from its end on: when the cloud counted it, nobody knows", async () => {
  const budget = new CallBudget(callLimits({ writesPerMinute: 1 }));
  const { signal } = new AbortController();
  await budget.spend({ signal, progress: () => undefined }, "write", async () => {
    vi.setSystemTime(Date.now() + 20_000);
    await Promise.resolve();
  });
  vi.setSystemTime(Date.now() + 50_000);
  expect(await isDoneAtOnce(budget, "write")).toMatch(/^CANCELLED: waiting 10 s/);
});

test("many that wait take no place from those that need not", async () => {
  const budget = new CallBudget(callLimits({ writesPerMinute: 1 }));
  const cancel = new AbortController();
  const caller = { signal: cancel.signal, progress: () => undefined };
  const writes = Array.from(
    { length: 50 },
    async () =>
      await budget
        .spend(caller, "write", async () => await Promise.resolve("done"))
        .catch(() => "cut"),
  );
  expect(await isDoneAtOnce(budget, "read")).toBe("done");
  cancel.abort();
  expect((await Promise.all(writes)).filter((how) => how === "done")).toHaveLength(1);
});
