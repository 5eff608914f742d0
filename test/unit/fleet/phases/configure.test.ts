import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { MemberReport } from "../../../../src/configurators/contract.ts";
import { none } from "../../../../src/configurators/none.ts";
import { Enrolments } from "../../../../src/fleet/configurator/enrolments.ts";
import { goodRunResource, hashContent } from "../../../../src/fleet/configurator/good-run.ts";
import { contextOf } from "../../../../src/fleet/configurator/member-context.ts";
import { Milestones } from "../../../../src/fleet/configurator/milestones.ts";
import { SharedWork } from "../../../../src/fleet/configurator/shared-work.ts";
import type { EventBody } from "../../../../src/fleet/events.ts";
import { configure } from "../../../../src/fleet/phases/configure.ts";
import type { RunContext } from "../../../../src/fleet/run-context.ts";
import { type PhaseResult, ServerRun } from "../../../../src/fleet/server-run.ts";
import type { Host } from "../../../../src/host/host.ts";
import type { RunResult } from "../../../../src/transport/contract.ts";
import { contextFixture, factsFixture } from "../../../golden/baseline/fixture.ts";

const CUT = new Error("the program was killed");
const STATE = "/var/lib/bootmachine";
const { signal } = new AbortController();

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "bootmachine-host-"));
});
afterEach(async () => {
  await rm(home, { recursive: true });
});

interface Wish {
  /** What the tool says when it runs. */
  readonly report?: Partial<MemberReport>;
  /** Which start of the host this is. */
  readonly start?: string;
  readonly reboot?: "if-needed" | "never";
  readonly mode?: "apply" | "plan";
  /** The host's disk takes nothing. */
  readonly isFull?: boolean;
  readonly isForced?: boolean;
}

interface Seen {
  readonly result: PhaseResult | undefined;
  readonly error: unknown;
  readonly runs: number;
  readonly reboots: number;
  readonly events: readonly EventBody[];
  /** What a survey of the host finds before this run. */
  readonly wasGood: boolean;
}

/** One `up` on a host whose state lies in a folder here. Every reboot that is begun is cut off. */
async function up({ report, start = "1", reboot, mode, isFull, isForced }: Wish): Promise<Seen> {
  const counts = { runs: 0, reboots: 0 };
  const events: EventBody[] = [];
  const { server: given, stack, distro } = contextFixture("12");
  const server = { ...given, upgrades: { ...given.upgrades, reboot: reboot ?? "if-needed" } };
  const facts = factsFixture("12", { initStartTicks: start });
  const onHost = (script: string): RunResult => {
    const text = isFull === true ? `trap '' XFSZ\nulimit -f 0\n${script}` : script;
    const { status, stdout, stderr } = spawnSync("sh", ["-c", text.replaceAll(STATE, home)], {
      encoding: "utf8",
    });
    return { status: status ?? 1, stdout, stderr };
  };
  const host = {
    facts,
    target: { address: "10.0.0.11", port: 22, user: "root" },
    run: (script: string) => {
      // Of all else that is asked of the host nothing is done here.
      if (script.includes(STATE)) return Promise.resolve(onHost(script));
      if (script.includes("systemctl --no-block reboot")) counts.reboots += 1;
      return Promise.resolve({ status: 0, stdout: "", stderr: "" });
    },
    close: () => Promise.reject(CUT),
  };
  const context = {
    stack: {
      ...stack,
      servers: [server],
      configurator: {
        ...none(),
        name: "toy",
        topology: "solo",
        run: () => ({
          on: "controller",
          title: "toy",
          script: "true",
          parse: (): readonly MemberReport[] => {
            counts.runs += 1;
            return [{ server: server.name, changes: [], ...report }];
          },
        }),
      },
    },
    mode: mode ?? "apply",
    forceConfigure: isForced ?? false,
    paths: { sshConfig: join(home, "ssh_config") },
    addresses: { machine: () => undefined, members: () => [] },
    enrolments: new Enrolments(),
    milestones: new Milestones(),
    shared: new SharedWork(home),
    signal,
    hardSignal: signal,
    emit: (event: EventBody) => void events.push(event),
  } as unknown as RunContext;
  const machine = { id: "m1", login: { user: "root", port: 22 } } as ServerRun["machine"];
  const run = new ServerRun(server, context, machine);
  run.phase = "configure";
  run.host = host as unknown as Host;
  run.distro = distro;
  const survey = goodRunResource(await hashContent(run, contextOf(run)), facts).check;
  const wasGood = onHost(survey).status === 0;
  let result: PhaseResult | undefined;
  let error: unknown;
  try {
    result = await configure(run, signal);
  } catch (thrown) {
    error = thrown;
  }
  return { result, error, ...counts, events, wasGood };
}

const asks = { wantsReboot: true } as const;

describe("a reboot that the tool asks for", () => {
  test("and that is cut off is made by the next run, without the tool, until the host was started anew", async () => {
    const first = await up({ report: asks });
    expect(first).toMatchObject({ runs: 1, reboots: 1, error: CUT });
    const second = await up({});
    expect(second).toMatchObject({ runs: 0, reboots: 1, error: CUT, wasGood: false });
    const third = await up({ start: "2" });
    expect(third).toMatchObject({ runs: 0, reboots: 0, error: undefined, wasGood: true });
    expect(third.result).toEqual({ outcome: "unchanged", changes: 0 });
  });

  test("is in the plan while it is left", async () => {
    await up({ report: asks });
    const plan = await up({ mode: "plan" });
    expect(plan).toMatchObject({ runs: 0, reboots: 0, error: undefined });
    expect(plan.result).toEqual({ outcome: "changed", changes: 1 });
    expect(plan.events).toContainEqual(
      expect.objectContaining({ id: "reboot: toy asks for it", status: "differs" }),
    );
  });

  test("is made after a further run of the tool that does not ask again", async () => {
    await up({ report: asks });
    const forced = await up({ isForced: true });
    expect(forced).toMatchObject({ runs: 1, reboots: 1, error: CUT });
  });

  test("by a run that failed is made after the one that does not", async () => {
    const failed = await up({ report: { ...asks, failure: "no such state" } });
    expect(failed).toMatchObject({ runs: 1, reboots: 0, error: { code: "TOOL_FAILED" } });
    expect(await up({})).toMatchObject({ runs: 1, reboots: 1, error: CUT });
  });

  test("is not made where the config says never, which is said as long as it is left", async () => {
    for (const report of [asks, {}]) {
      const seen = await up({ report, reboot: "never" });
      expect(seen).toMatchObject({ reboots: 0, error: undefined });
      expect(seen.events).toContainEqual(
        expect.objectContaining({
          type: "note",
          text: "toy asks for a reboot, and the config says never.",
        }),
      );
    }
    const later = await up({ reboot: "never", start: "2" });
    expect(later.events.filter(({ type }) => type === "note")).toEqual([]);
  });
});

describe("a run that fails", () => {
  test("on a host that cannot note it is not begun: the mark of the good one would stand", async () => {
    expect(await up({})).toMatchObject({ runs: 1, error: undefined });
    const forced = await up({ isForced: true, isFull: true });
    expect(forced).toMatchObject({
      runs: 0,
      error: {
        code: "COMMAND_FAILED",
        message: expect.stringContaining(
          "/var/lib/bootmachine/configured on web1 cannot be",
        ) as string,
      },
    });
  });

  test("is made again by the next run", async () => {
    await up({});
    const failure = { failure: "no such state" };
    expect(await up({ isForced: true, report: failure })).toMatchObject({ runs: 1, reboots: 0 });
    const again = await up({});
    expect(again).toMatchObject({ runs: 1, error: undefined, wasGood: false });
    expect(await up({})).toMatchObject({ runs: 0, error: undefined, wasGood: true });
  });
});
