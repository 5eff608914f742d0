import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { ConfiguratorContext, MemberReport } from "../../../../src/configurators/contract.ts";
import { none } from "../../../../src/configurators/none.ts";
import { Milestones } from "../../../../src/fleet/configurator/milestones.ts";
import {
  type Pause,
  RETRY_PAUSES_MS,
  runForAll,
  runForOne,
} from "../../../../src/fleet/configurator/run-for-members.ts";
import { SharedWork } from "../../../../src/fleet/configurator/shared-work.ts";
import { showReport } from "../../../../src/fleet/configurator/show-report.ts";
import type { EventBody } from "../../../../src/fleet/events.ts";
import type { RunContext } from "../../../../src/fleet/run-context.ts";
import { ServerRun } from "../../../../src/fleet/server-run.ts";
import type { Server } from "../../../../src/stack/stack.ts";

const BUSY = "another run is in progress";

const done = (server: string): MemberReport => ({ server, changes: [] });
const busy = (server: string): MemberReport => ({ ...done(server), retry: BUSY });

/** What the tool says of the members of one try, which are given with the number of that try, from 1 on. */
type Answers = (members: readonly string[], attempt: number) => readonly MemberReport[];

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bootmachine-run-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** A stack whose tool runs on this computer, and answers as it is told to. */
class ToolStack {
  readonly tries: (readonly string[])[] = [];
  readonly pauses: number[] = [];
  readonly events: EventBody[] = [];
  readonly pause: Pause;
  readonly #context: RunContext;

  constructor(names: readonly string[], answers: Answers, pause?: Pause) {
    this.pause = async (ms, signal) => {
      this.pauses.push(ms);
      await pause?.(ms, signal);
    };
    const servers = names.map((name) => ({ name, roles: [], ssh: { phaseTimeoutMs: 60_000 } }));
    const configurator = {
      ...none(),
      name: "toy",
      run: (contexts: readonly ConfiguratorContext[]) => {
        const members = contexts.map(({ member }) => member.server);
        this.tries.push(members);
        const attempt = this.tries.length;
        const parse = (): readonly MemberReport[] => answers(members, attempt);
        return { on: "controller", title: "toy", script: "true", parse };
      },
    };
    this.#context = {
      stack: { name: "shop", servers, configurator },
      paths: { sshConfig: join(directory, "ssh_config") },
      addresses: { machine: () => undefined },
      milestones: new Milestones(),
      shared: new SharedWork(directory),
      hardSignal: new AbortController().signal,
      emit: (event: EventBody) => void this.events.push(event),
    } as unknown as RunContext;
  }

  runOf(name: string): ServerRun {
    const server = this.#context.stack.servers.find((each) => each.name === name) as Server;
    const run = new ServerRun(server, this.#context, undefined);
    run.phase = "configure";
    return run;
  }

  steps(): readonly string[] {
    return this.events.flatMap((event) => (event.type === "step" ? [event.text] : []));
  }
}

const memberOf = (server: string): ConfiguratorContext =>
  ({ member: { server } }) as unknown as ConfiguratorContext;

const { signal } = new AbortController();

describe("a run that may succeed a little later", () => {
  test("is tried again as often as the limit says, and has then failed with the tool's reason", async () => {
    const stack = new ToolStack(["web1"], (members) => members.map(busy));
    const run = stack.runOf("web1");
    const report = await runForOne(run, memberOf("web1"), signal, stack.pause);
    expect(stack.tries).toHaveLength(6);
    expect(stack.pauses).toEqual([3_000, 7_000, 15_000, 30_000, 30_000]);
    expect(stack.pauses).toEqual(RETRY_PAUSES_MS);
    expect(stack.steps()).toContain(`${BUSY}: trying again in 7 s`);
    expect(() => showReport(run, "toy", report)).toThrow(
      expect.objectContaining({
        code: "TOOL_FAILED",
        kind: "remote",
        message: "toy failed on web1.",
        output: [BUSY],
      }),
    );
  });

  test("is not tried again once it has succeeded", async () => {
    const stack = new ToolStack(["web1"], (members, attempt) =>
      members.map(attempt < 3 ? busy : done),
    );
    const run = stack.runOf("web1");
    const report = await runForOne(run, memberOf("web1"), signal, stack.pause);
    expect(stack.pauses).toEqual([3_000, 7_000]);
    expect(stack.tries).toHaveLength(3);
    expect(showReport(run, "toy", report)).toBe(0);
  });

  test("is tried no more after an answer that is a failure", async () => {
    const failed = (server: string): MemberReport => ({
      ...done(server),
      failure: "no such state",
    });
    const stack = new ToolStack(["web1"], (members) => members.map(failed));
    const run = stack.runOf("web1");
    const report = await runForOne(run, memberOf("web1"), signal, stack.pause);
    expect(stack.tries).toHaveLength(1);
    expect(stack.pauses).toEqual([]);
    expect(() => showReport(run, "toy", report)).toThrow(
      expect.objectContaining({ code: "TOOL_FAILED", output: ["no such state"] }),
    );
  });

  test("ends where the pause is broken off", async () => {
    const cancelled = new Error("stopped by the user");
    const stack = new ToolStack(
      ["web1"],
      (members) => members.map(busy),
      () => Promise.reject(cancelled),
    );
    const running = runForOne(stack.runOf("web1"), memberOf("web1"), signal, stack.pause);
    await expect(running).rejects.toBe(cancelled);
    expect(stack.tries).toHaveLength(1);
  });
});

test("members that have answered are left out of a further try, and keep their first answer", async () => {
  const names = ["db1", "web1", "web2"];
  // One is busy for one try, another for ever.
  const stack = new ToolStack(names, (members, attempt) =>
    members.map((server) =>
      server === "web2" || (server === "web1" && attempt === 1)
        ? busy(server)
        : { ...done(server), changes: [{ id: `try ${attempt}`, status: "changed" }] },
    ),
  );
  const reports = await Promise.all(
    names.map((name) => runForAll(stack.runOf(name), memberOf(name), signal, stack.pause)),
  );
  expect(stack.tries).toEqual([
    names,
    ["web1", "web2"],
    ...Array.from({ length: 4 }, () => ["web2"]),
  ]);
  expect(reports.map(({ server, retry }) => [server, retry])).toEqual([
    ["db1", undefined],
    ["web1", undefined],
    ["web2", BUSY],
  ]);
  expect(reports.map(({ changes }) => changes.map(({ id }) => id))).toEqual([
    ["try 1"],
    ["try 2"],
    [],
  ]);
});
