import { afterEach, expect, test, vi } from "vitest";

import { applyResources } from "../../../src/fleet/apply-resources.ts";
import { HostTurns } from "../../../src/fleet/host-turns.ts";
import type { RunContext } from "../../../src/fleet/run-context.ts";
import { ServerRun } from "../../../src/fleet/server-run.ts";
import type { Host } from "../../../src/host/host.ts";
import type { Program } from "../../../src/program/program.ts";
import { contextFixture, serverFixture } from "../../golden/baseline/fixture.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** A server of a stack, on whose host everything takes a minute. */
function runOf(name: string, context: RunContext): ServerRun {
  const { distro, facts } = contextFixture("12");
  const run = new ServerRun(serverFixture({ name }), context, {
    id: name,
    login: { user: "root", port: 22 },
  } as ServerRun["machine"]);
  run.distro = distro;
  run.host = {
    facts,
    runProgram: async ({ ids }: Program) => {
      await new Promise(setImmediate);
      vi.advanceTimersByTime(60_000);
      return {
        resources: ids.map((id) => ({ id, status: "changed" as const, ms: 0 })),
        status: 0,
        ms: 0,
      };
    },
  } as unknown as Host;
  return run;
}

test("who waits for another's turn on the master waits for that one; its own work there is its own", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const turns = new HostTurns();
  const { signal } = new AbortController();
  const context = {
    stack: contextFixture("12").stack,
    turns,
    signal,
    hardSignal: signal,
    emit: () => undefined,
    addresses: { members: () => [] },
  } as unknown as RunContext;
  const hub = runOf("hub", context);
  const web1 = runOf("web1", context);
  const gate = Promise.withResolvers<void>();
  const busy = turns.take("hub", () => gate.promise);
  const applied = applyResources(web1, [{ type: "directory", path: "/srv/one" }], {
    title: "accepting its key",
    mode: "apply",
    place: hub,
  });
  vi.advanceTimersByTime(1_200_000);
  gate.resolve();
  await busy;
  expect(await applied).toBe(1);
  expect(web1.waitedMs()).toBe(1_200_000);
  expect(hub.waitedMs()).toBe(0);
});

test("a wait that is part of another one is counted once", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const run = runOf("web1", {} as RunContext);
  const pass = (ms: number): void => void vi.advanceTimersByTime(ms);
  await run.waitFor(async () => {
    pass(1_000);
    await run.waitFor(async () => {
      await Promise.resolve();
      pass(2_000);
    });
    pass(4_000);
    expect(run.waitedMs()).toBe(7_000);
  });
  pass(8_000);
  expect(run.waitedMs()).toBe(7_000);
});
