import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { budgetOf, CallBudget } from "../../../src/cloud/call-budget.ts";

const HOUR_MS = 3_600_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

/** Whether a call is done at once; one that has to wait is given up. */
async function isDoneAtOnce(budget: CallBudget): Promise<string> {
  const cancel = new AbortController();
  let said = "";
  const progress = (text: string): void => {
    said = text;
    cancel.abort();
  };
  return await budget
    .spend({ signal: cancel.signal, progress }, async () => "done")
    .catch((thrown: { readonly code?: string }) => `${thrown.code}: ${said}`);
}

test("so many calls in any hour: the next one waits, says how long, and goes when the first is an hour old", async () => {
  const budget = new CallBudget(3);
  for (let call = 0; call < 3; call += 1) {
    expect(await isDoneAtOnce(budget)).toBe("done");
    vi.setSystemTime(Date.now() + 60_000);
  }
  expect(await isDoneAtOnce(budget)).toBe(
    "CANCELLED: waiting 3420 s before more calls: the cloud's rate limit",
  );
  // What was given up was no call.
  expect(budget.used).toBe(3);
  vi.setSystemTime(Date.now() + HOUR_MS - 180_000 - 1);
  expect(await isDoneAtOnce(budget)).toMatch(/^CANCELLED: waiting 1 s/);
  vi.setSystemTime(Date.now() + 1);
  expect(await isDoneAtOnce(budget)).toBe("done");
  expect(await isDoneAtOnce(budget)).toMatch(/^CANCELLED: waiting 60 s/);
});

test("the quiet that a cloud asks for is kept by all, and the longer of two counts", async () => {
  const budget = new CallBudget(Number.POSITIVE_INFINITY);
  budget.keepQuiet(30_000);
  budget.keepQuiet(5000);
  expect(await isDoneAtOnce(budget)).toMatch(/^CANCELLED: waiting 30 s/);
  vi.setSystemTime(Date.now() + 30_000);
  expect(await isDoneAtOnce(budget)).toBe("done");
});

test("an account has one budget, and the smallest limit that is named for it", async () => {
  const key = `an account of ${import.meta.filename}`;
  const one = budgetOf(key, Number.POSITIVE_INFINITY);
  expect(budgetOf(key, 1)).toBe(one);
  expect(budgetOf(key, 100)).toBe(one);
  expect(await isDoneAtOnce(one)).toBe("done");
  expect(await isDoneAtOnce(one)).toMatch(/^CANCELLED: waiting 3600 s/);
});
