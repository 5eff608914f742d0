import { expect, test } from "vitest";

import { Enrolments } from "../../../../src/fleet/configurator/enrolments.ts";

const NEVER = new AbortController().signal;
const LONG_MS = 60_000;

test("those that have begun are waited for, however they end, and those that begin later are not", async () => {
  const enrolments = new Enrolments();
  const well = Promise.withResolvers<string>();
  const badly = Promise.withResolvers<string>();
  const first = enrolments.within("web1", () => well.promise);
  const second = enrolments.within("web2", () => badly.promise);
  expect(enrolments.open).toEqual(["web1", "web2"]);

  let isOver = false;
  const waiting = enrolments.ended(LONG_MS, NEVER).then(() => {
    isOver = true;
  });
  const late = Promise.withResolvers<string>();
  const third = enrolments.within("db1", () => late.promise);
  well.resolve("yes");
  await expect(first).resolves.toBe("yes");
  expect(isOver).toBe(false);
  badly.reject(new Error("no"));
  await expect(second).rejects.toThrow("no");
  await waiting;
  expect(enrolments.open).toEqual(["db1"]);
  late.resolve("yes");
  await third;
});

test("nobody is waited for where nobody is open, and nobody beyond the limit", async () => {
  const enrolments = new Enrolments();
  await enrolments.ended(LONG_MS, NEVER);
  const gate = Promise.withResolvers<void>();
  const open = enrolments.within("web1", () => gate.promise);
  await enrolments.ended(1, NEVER);
  expect(enrolments.open).toEqual(["web1"]);
  gate.resolve();
  await open;
});

test("the wait ends when the run is to stop", async () => {
  const enrolments = new Enrolments();
  const gate = Promise.withResolvers<void>();
  const open = enrolments.within("web1", () => gate.promise);
  const stop = new AbortController();
  const waiting = enrolments.ended(LONG_MS, stop.signal);
  stop.abort();
  await expect(waiting).rejects.toThrow(/abort/i);
  gate.resolve();
  await open;
});
