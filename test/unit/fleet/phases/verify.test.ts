import { expect, test } from "vitest";

import { none } from "../../../../src/configurators/none.ts";
import { toolClaims } from "../../../../src/fleet/configurator/good-run.ts";
import { contextOf } from "../../../../src/fleet/configurator/member-context.ts";
import type { EventBody } from "../../../../src/fleet/events.ts";
import { verify } from "../../../../src/fleet/phases/verify.ts";
import type { RunContext } from "../../../../src/fleet/run-context.ts";
import { ServerRun } from "../../../../src/fleet/server-run.ts";
import type { Host } from "../../../../src/host/host.ts";
import type { Program } from "../../../../src/program/program.ts";
import type { ResourceStatus } from "../../../../src/program/report.ts";
import { contextFixture } from "../../../golden/baseline/fixture.ts";

const CLAIM = "configurator: connected";

interface Looked {
  readonly looks: number;
  /** What was told of the claim. */
  readonly told: readonly string[];
  readonly error: unknown;
}

/** Proves a server that nothing was changed on, where the claim about its agent was found so by the survey, and would be so now. */
async function proved(
  surveyed: ResourceStatus,
  now: ResourceStatus,
  mode: "apply" | "plan" = "apply",
): Promise<Looked> {
  const events: EventBody[] = [];
  let looks = 0;
  const { stack, server, distro, facts } = contextFixture("12");
  const resource = { type: "command" as const, id: "connected", check: "false" };
  const { signal } = new AbortController();
  const context = {
    stack: {
      ...stack,
      configurator: {
        ...none(),
        topology: "agent",
        verify: () => [{ id: "connected", title: "the agent is connected", resource }],
      },
    },
    mode,
    readsOnly: true,
    alwaysProve: false,
    paths: { proved: "/nowhere", sshConfig: "/nowhere" },
    addresses: { machine: () => undefined, members: () => [] },
    master: { wasTouched: false },
    lost: new Set(),
    signal,
    hardSignal: signal,
    emit: (event: EventBody) => void events.push(event),
  } as unknown as RunContext;
  const run = new ServerRun(server, context, {
    id: "m1",
    login: { user: "root", port: 22 },
  } as ServerRun["machine"]);
  run.distro = distro;
  run.wasProved = true;
  run.host = {
    facts,
    target: { address: "10.0.0.11", port: 22, user: "ada" },
    runProgram: ({ ids }: Program) => {
      looks += 1;
      const resources = ids.map((id) => ({ id, status: id === CLAIM ? now : "ok", ms: 0 }));
      return Promise.resolve({ resources, status: 0, ms: 0 });
    },
  } as unknown as Host;
  run.survey = {
    parts: new Set(),
    inside: toolClaims(context.stack.configurator, contextOf(run)),
    reports: [{ id: CLAIM, status: surveyed, ms: 0 }],
  };
  const error = await verify(run, signal).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const told = events.flatMap((event) =>
    event.type === "check" && event.check.id === "configurator-connected"
      ? [event.check.status]
      : [],
  );
  return { looks, told, error };
}

test("what was as claimed when the server was surveyed is not looked at again", async () => {
  expect(await proved("ok", "differs")).toEqual({ looks: 0, told: ["passed"], error: undefined });
});

test("a claim about the tool that failed while the others were under way is looked at once more", async () => {
  expect(await proved("differs", "ok")).toEqual({ looks: 1, told: ["passed"], error: undefined });
});

test("one that still fails has failed", async () => {
  expect(await proved("differs", "differs")).toMatchObject({
    looks: 1,
    told: ["failed"],
    error: { code: "CHECK_FAILED" },
  });
});

test("a plan tells what it has seen", async () => {
  expect(await proved("differs", "ok", "plan")).toEqual({
    looks: 0,
    told: ["failed"],
    error: undefined,
  });
});
