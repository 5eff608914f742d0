import { expect, test } from "vitest";

import type { Step } from "../../../../src/configurators/contract.ts";
import {
  joinOwnSteps,
  joinSteps,
  type JointLook,
  lookOf,
} from "../../../../src/fleet/configurator/joint-look.ts";
import { takeSteps } from "../../../../src/fleet/configurator/take-steps.ts";
import type { EventBody } from "../../../../src/fleet/events.ts";
import { HostTurns } from "../../../../src/fleet/host-turns.ts";
import type { RunContext } from "../../../../src/fleet/run-context.ts";
import { ServerRun } from "../../../../src/fleet/server-run.ts";
import type { Host } from "../../../../src/host/host.ts";
import type { Program } from "../../../../src/program/program.ts";
import type { ResourceStatus } from "../../../../src/program/report.ts";
import { contextFixture } from "../../../golden/baseline/fixture.ts";

const ONE = "/srv/one";
const TWO = "/srv/two";
const THREE = "/srv/three";

interface Given {
  readonly mode?: "apply" | "plan";
  /** The folders that are as wanted. */
  readonly kept: readonly string[];
  /** Default: a step for each folder, of which each reads something, so that each is by itself. */
  readonly steps?: readonly Step[];
  readonly beforeChange?: () => Promise<void>;
  readonly isFresh?: boolean;
  readonly seen?: (run: ServerRun, steps: readonly Step[]) => JointLook;
}

/** A step that wants a folder, and the name of what it reads. */
function step(path: string, name?: string): Step {
  return {
    on: "member",
    title: path,
    resources: (readings) => [
      { type: "directory", path, ...(readings["mode"] === undefined ? {} : { mode: "0700" }) },
    ],
    ...(name === undefined ? {} : { read: { name, script: `cat ${path}` } }),
  };
}

/** Takes a server through steps, and says what happened in which order. */
async function taken({
  mode = "apply",
  kept,
  steps = [step(ONE, "one"), step(TWO, "two")],
  beforeChange,
  isFresh = false,
  seen,
}: Given): Promise<{ readonly story: readonly string[]; readonly shown: readonly string[] }> {
  const story: string[] = [];
  const shown: string[] = [];
  const { stack, server, distro, facts } = contextFixture("12");
  const host = {
    facts,
    runProgram: (program: Program) => {
      const found = program.ids.map((id) => {
        const isKept = kept.some((path) => id.includes(path));
        const differs: ResourceStatus = program.mode === "apply" ? "changed" : "differs";
        return { id, status: isKept ? ("ok" as const) : differs, ms: 0 };
      });
      const paths = found.map(({ id }) => id.replace(/^.* /, ""));
      story.push(`${program.mode} ${paths.join(" ")}`);
      const reading = /cat (\/srv\/\w+)/.exec(program.text)?.[1];
      return Promise.resolve({
        resources: found,
        status: 0,
        ms: 0,
        ...(reading === undefined ? {} : { reading }),
      });
    },
    run: (script: string) => {
      story.push(script);
      return Promise.resolve({ status: 0, stdout: "read\n", stderr: "" });
    },
  };
  const { signal } = new AbortController();
  const context = {
    stack,
    mode,
    turns: new HostTurns(),
    signal,
    hardSignal: signal,
    emit: (event: EventBody) => {
      if (event.type === "resource") shown.push(`${event.id}: ${event.status}`);
    },
    addresses: { members: () => [] },
    master: { wasTouched: false },
  } as unknown as RunContext;
  const run = new ServerRun(server, context, {
    id: "m1",
    login: { user: "root", port: 22 },
  } as ServerRun["machine"]);
  run.host = host as unknown as Host;
  run.distro = distro;
  run.isFresh = isFresh;
  const note = async (): Promise<void> => {
    story.push("noted");
    await beforeChange?.();
  };
  const options = { signal, beforeChange: note, ...(seen && { seen: seen(run, steps) }) };
  await takeSteps(run, steps, options).catch((error: unknown) => story.push(String(error)));
  return { story, shown };
}

test("who is to know of a change is told before it is made, and of none where nothing differs", async () => {
  const { story } = await taken({ kept: [ONE] });
  expect(story).toEqual([
    `check ${ONE}`,
    `check ${TWO}`,
    "noted",
    `apply ${TWO}`,
    // A program that changes something reads nothing.
    `cat ${TWO}`,
  ]);
  expect((await taken({ kept: [ONE, TWO] })).story).toEqual([`check ${ONE}`, `check ${TWO}`]);
});

test("a plan changes nothing, tells nobody, and ends where something differs", async () => {
  expect((await taken({ mode: "plan", kept: [] })).story).toEqual([`check ${ONE}`]);
  const joint = await taken({
    mode: "plan",
    kept: [ONE],
    steps: [step(ONE), step(TWO), step(THREE)],
  });
  expect(joint.story).toEqual([`check ${ONE} ${TWO} ${THREE}`, `check ${ONE}`, `check ${TWO}`]);
});

test("where nobody can be told, nothing is changed", async () => {
  const { story } = await taken({
    kept: [],
    beforeChange: () => Promise.reject(new Error("the disk is full")),
  });
  expect(story).toEqual([`check ${ONE}`, "noted", "Error: the disk is full"]);
});

test("steps that need nothing of each other cost one look", async () => {
  const steps = [step(ONE), step(TWO, "mode"), step(THREE)];
  const { story, shown } = await taken({ kept: [ONE, TWO, THREE], steps });
  expect(story).toEqual([`check ${ONE} ${TWO}`, `check ${THREE}`]);
  expect(shown).toEqual([`directory ${ONE}: ok`, `directory ${TWO}: ok`, `directory ${THREE}: ok`]);
});

test("where one of them differs they are taken one by one, and each is shown once", async () => {
  const { story, shown } = await taken({ kept: [ONE], steps: [step(ONE), step(TWO)] });
  expect(story).toEqual([
    `check ${ONE} ${TWO}`,
    `check ${ONE}`,
    `check ${TWO}`,
    "noted",
    `apply ${TWO}`,
  ]);
  expect(shown.filter((line) => line.includes(ONE))).toEqual([`directory ${ONE}: ok`]);
});

test("on a machine that was just made nobody looks at them together", async () => {
  const { story } = await taken({ kept: [], steps: [step(ONE), step(TWO)], isFresh: true });
  expect(story[0]).toBe(`check ${ONE}`);
});

test("what this run has seen of the first steps is not looked at again", async () => {
  const steps = [step(ONE), step(TWO, "mode"), step(THREE)];
  const kept = [ONE, TWO, THREE];
  const seen = (run: ServerRun): JointLook => {
    const joint = joinSteps(run, steps);
    const reports = joint.resources.map(({ id = "" }) => ({ id, status: "ok" as const, ms: 0 }));
    return lookOf(joint, reports, "700");
  };
  expect((await taken({ kept, steps, seen })).story).toEqual([`check ${THREE}`]);
});

test("what was seen counts neither where it differed, nor of other steps, nor where a part was not seen", async () => {
  const steps = [step(ONE, "one")];
  const seenAs = (path: string, statuses: readonly ResourceStatus[]) => (run: ServerRun) => {
    const joint = joinSteps(run, [step(path, "one")]);
    const reports = statuses.map((status) => ({ id: `0: directory ${path}`, status, ms: 0 }));
    return lookOf(joint, reports, "text");
  };
  for (const seen of [seenAs(ONE, ["differs"]), seenAs(TWO, ["ok"]), seenAs(ONE, [])]) {
    expect((await taken({ kept: [ONE], steps, seen })).story).toEqual([`check ${ONE}`]);
  }
});

test("steps on another host are none of a server's own", () => {
  const { stack, server } = contextFixture("12");
  const run = new ServerRun(
    server,
    { stack: { ...stack, master: "other" } } as RunContext,
    undefined,
  );
  const elsewhere = { ...step(ONE), on: "master" as const };
  expect(joinOwnSteps(run, [elsewhere, step(TWO)])).toBeUndefined();
  expect(joinOwnSteps(run, [step(TWO), elsewhere])?.steps.map(({ title }) => title)).toEqual([TWO]);
  const master = new ServerRun(
    server,
    { stack: { ...stack, master: server.name } } as RunContext,
    undefined,
  );
  expect(joinOwnSteps(master, [elsewhere, step(TWO)])?.steps).toHaveLength(2);
});
