import { expect, test } from "vitest";

import { takeSteps } from "../../../../src/fleet/configurator/take-steps.ts";
import { HostTurns } from "../../../../src/fleet/host-turns.ts";
import type { RunContext } from "../../../../src/fleet/run-context.ts";
import { ServerRun } from "../../../../src/fleet/server-run.ts";
import type { Host } from "../../../../src/host/host.ts";
import type { Program } from "../../../../src/program/program.ts";
import type { ResourceStatus } from "../../../../src/program/report.ts";
import { contextFixture } from "../../../golden/baseline/fixture.ts";

const FOLDERS = ["/srv/one", "/srv/two"];

/** Takes a server through a step for each folder, of which all but `kept` differ, and says what happened in which order. */
async function taken(
  mode: "apply" | "plan",
  kept: readonly string[],
  beforeChange?: () => Promise<void>,
): Promise<readonly string[]> {
  const story: string[] = [];
  const { stack, server, distro, facts } = contextFixture("12");
  const host = {
    facts,
    runProgram: (program: Program) => {
      const path = FOLDERS.find((folder) => program.text.includes(folder)) ?? "";
      story.push(`${program.mode} ${path}`);
      const differs: ResourceStatus = program.mode === "apply" ? "changed" : "differs";
      const status = kept.includes(path) ? "ok" : differs;
      return Promise.resolve({ resources: [{ id: path, status, ms: 0 }], status: 0, ms: 0 });
    },
  };
  const { signal } = new AbortController();
  const context = {
    stack,
    mode,
    turns: new HostTurns(),
    signal,
    hardSignal: signal,
    emit: () => undefined,
    addresses: { members: () => [] },
    master: { wasTouched: false },
  } as unknown as RunContext;
  const run = new ServerRun(server, context, {
    id: "m1",
    login: { user: "root", port: 22 },
  } as ServerRun["machine"]);
  run.host = host as unknown as Host;
  run.distro = distro;
  const steps = FOLDERS.map((path) => ({
    on: "member" as const,
    title: path,
    resources: () => [{ type: "directory" as const, path }],
  }));
  const note = async (): Promise<void> => {
    story.push("noted");
    await beforeChange?.();
  };
  await takeSteps(run, steps, signal, note).catch((error: unknown) => story.push(String(error)));
  return story;
}

test("who is to know of a change is told before it is made, and of none where nothing differs", async () => {
  expect(await taken("apply", ["/srv/one"])).toEqual([
    "check /srv/one",
    "check /srv/two",
    "noted",
    "apply /srv/two",
  ]);
  expect(await taken("apply", FOLDERS)).toEqual(["check /srv/one", "check /srv/two"]);
});

test("a plan changes nothing, and tells nobody", async () => {
  expect(await taken("plan", [])).toEqual(["check /srv/one"]);
});

test("where nobody can be told, nothing is changed", async () => {
  const story = await taken("apply", [], () => Promise.reject(new Error("the disk is full")));
  expect(story).toEqual(["check /srv/one", "noted", "Error: the disk is full"]);
});
