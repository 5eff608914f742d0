import assert from "node:assert/strict";

import type { Topology } from "../configurators/contract.ts";
import {
  type BenchOptions,
  ConfiguratorBench,
  LATER,
  MASTER,
  MEMBER,
} from "./configurator-bench.ts";
import type { TestRunner } from "./provider-world.ts";

/** The cases, in the order in which they run. Each begins by itself from a stack that is up, so that it can be run alone. */
export const CONFIGURATOR_CASES = [
  "first run",
  "second run",
  "changed tree",
  "followed live",
  "wrong tree",
  "server added later",
  "server made again",
  "master restarted",
  "master rebuilt",
  "agent silent",
  "stranger",
  "interrupted at install",
  "interrupted at enroll",
  "interrupted at configure",
  "interrupted while the tool runs",
  "interrupted half-way",
  "interrupted at the last but one",
  "interrupted on the master",
] as const;
export type ConfiguratorCase = (typeof CONFIGURATOR_CASES)[number];

/** `describe`, `it` and `afterAll` of a test runner: vitest's fit; of node:test, `after` is the last one. */
export interface WorldRunner extends TestRunner {
  afterAll(body: () => Promise<void>): unknown;
}

export interface ConfiguratorSuiteOptions extends BenchOptions {
  /** Stands before every test's name. */
  readonly name: string;
  /** Default: all that apply. */
  readonly only?: readonly ConfiguratorCase[];
  /**
   * What cannot be tested with this tool, and why. It stands in the result under its name, not in silence. That a phase has
   * nothing on a member that could be interrupted ("interrupted at enroll") is held against what the first run has done.
   */
  readonly notApplicable?: Partial<Record<ConfiguratorCase, string>>;
}

const TOOL_PHASES = ["install", "enroll", "configure"] as const;
type ToolPhase = (typeof TOOL_PHASES)[number];

/** Of a phase's work, as the run that made the same server again has told it. */
const LATER_MOMENTS = [
  ["interrupted half-way", "half"],
  ["interrupted at the last but one", "last but one"],
] as const;

const NO_TOOL = "nothing is configured";
const NO_AGENT = "the tool has no agents";
const NO_MASTER = "the tool has no master";

/** What a topology has nothing of. */
const WITHOUT: Readonly<Record<Topology, Partial<Record<ConfiguratorCase, string>>>> = {
  none: {
    "changed tree": NO_TOOL,
    "followed live": NO_TOOL,
    "wrong tree": NO_TOOL,
    "master restarted": NO_MASTER,
    "master rebuilt": NO_MASTER,
    "agent silent": NO_AGENT,
    stranger: NO_AGENT,
    "interrupted at install": NO_TOOL,
    "interrupted at enroll": NO_TOOL,
    "interrupted at configure": NO_TOOL,
    "interrupted while the tool runs": NO_TOOL,
    "interrupted half-way": NO_TOOL,
    "interrupted at the last but one": NO_TOOL,
    "interrupted on the master": NO_MASTER,
  },
  solo: {
    "master restarted": NO_MASTER,
    "master rebuilt": NO_MASTER,
    "agent silent": NO_AGENT,
    stranger: NO_AGENT,
    "interrupted at enroll": "nothing is exchanged",
    "interrupted on the master": NO_MASTER,
  },
  push: { "agent silent": NO_AGENT, stranger: NO_AGENT },
  agent: {},
};

/**
 * The contract suite of configurators, on real servers: whoever passes it is supported.
 *
 * Registers one group of tests at the runner. They share one stack of two servers (a third one comes and goes), which
 * `afterAll` destroys. The runs are long: give each test a limit of twenty minutes.
 */
export function testConfigurator(runner: WorldRunner, options: ConfiguratorSuiteOptions): void {
  const bench = new ConfiguratorBench(options);
  const has = options.topology !== "none";
  const whyNot = (name: ConfiguratorCase): string | undefined =>
    options.notApplicable?.[name] ?? WITHOUT[options.topology][name];

  /** `claim` is made where the case does not apply: that this is so. */
  const test = (
    name: ConfiguratorCase,
    body: () => Promise<void>,
    claim: () => Promise<void> = () => Promise.resolve(),
  ): void => {
    if (options.only !== undefined && !options.only.includes(name)) return;
    const reason = whyNot(name);
    if (reason === undefined) {
      runner.it(name, async () => {
        await body();
        bench.endedWell();
      });
    } else runner.it(`${name} (not applicable: ${reason})`, claim);
  };

  /** The phases in which a run on a member can be cut off; that they have work is proved by the cases themselves. */
  const phasesToCut = (): readonly ToolPhase[] => {
    const phases = TOOL_PHASES.filter((phase) => whyNot(`interrupted at ${phase}`) === undefined);
    assert.ok(phases.length > 0, `there is a phase among ${TOOL_PHASES.join(", ")} that has work`);
    return phases;
  };

  runner.describe(`configurator ${options.name}`, () => {
    runner.afterAll(() => bench.close());

    test("first run", async () => {
      const first = await bench.firstRun();
      for (const server of [MASTER, MEMBER]) {
        const outcome = bench.phases(first, server);
        if (has) assert.equal(outcome["configure"], "changed", `configure on ${server}`);
        else {
          for (const phase of ["install", "enroll", "configure"]) {
            assert.equal(outcome[phase], "skipped", `${phase} on ${server}`);
          }
        }
      }
      await bench.expectGood([MASTER, MEMBER]);
    });

    test("second run", async () => {
      await bench.ready();
      bench.expectUnchanged(await bench.up());
      if (!has) return;
      // Asked for, the tool runs, and finds everything as it left it.
      bench.expectUnchanged(await bench.up("--configure"));
    });

    test("changed tree", async () => {
      await bench.ready();
      await bench.changeTree();
      const up = await bench.up();
      for (const server of [MASTER, MEMBER]) {
        assert.equal(bench.phases(up, server)["configure"], "changed", `configure on ${server}`);
      }
      await bench.expectGood([MASTER, MEMBER]);
    });

    test("followed live", async () => {
      await bench.ready();
      await bench.expectFollowedLive([MASTER, MEMBER]);
      // Without what was only there to be waited for.
      await bench.changeTree();
      await bench.up();
      await bench.expectGood([MASTER, MEMBER]);
    });

    test("wrong tree", async () => {
      await bench.ready();
      await bench.expectToolFailure();
      await bench.mendTree();
      await bench.up();
      await bench.expectGood([MASTER, MEMBER]);
    });

    test("server added later", async () => {
      await bench.ready();
      const up = await bench.upWith([MASTER, MEMBER, LATER]);
      if (has) assert.equal(bench.phases(up, LATER)["configure"], "changed");
      await bench.expectGood([MASTER, MEMBER, LATER]);
      bench.expectUnchanged(await bench.up());
    });

    test("server made again", async () => {
      await bench.ready();
      await bench.freshRun(MEMBER);
      await bench.expectGood([MASTER, MEMBER]);
      bench.expectUnchanged(await bench.up());
    });

    test("master restarted", async () => {
      await bench.ready();
      await bench.succeeds("reboot", "--yes", MASTER);
      await bench.up("--configure");
      await bench.expectGood([MASTER, MEMBER]);
    });

    test("master rebuilt", async () => {
      await bench.ready();
      const before = await bench.addressOf(MASTER);
      const others: string[] = [];
      // Another machine may take the old address: nobody must go on believing in it. Where none does, because a lower one has
      // become free meanwhile, the master has its old one again, and is built once more.
      for (const name of [LATER, "three", "four"]) {
        await bench.destroy(MASTER);
        others.push(name);
        await bench.useServers([MASTER, MEMBER, ...others]);
        await bench.succeeds("boot", "--yes", "--server", name);
        await bench.up();
        if ((await bench.addressOf(MASTER)) !== before) break;
      }
      assert.notEqual(await bench.addressOf(MASTER), before, "the master's address is a new one");
      await bench.changeTree();
      await bench.up();
      await bench.expectGood([MASTER, MEMBER, ...others]);
      bench.expectUnchanged(await bench.up());
    });

    test("agent silent", async () => {
      await bench.ready();
      const { agent } = bench;
      await bench.onServer(MEMBER, agent.silence);
      await bench.expectFailedCheck(MEMBER);
      await bench.up();
      await bench.expectGood([MASTER, MEMBER]);
    });

    test("stranger", async () => {
      await bench.ready();
      const { agent } = bench;
      const { id, start, stop, isShown = true } = agent.stranger(await bench.addressOf(MASTER));
      // Where the master keeps nothing of him, nobody but the members is shown, now and after the next run.
      const expectNotAccepted = (): Promise<void> =>
        isShown ? bench.expectStranger(id) : bench.expectGood([MASTER, MEMBER]);
      await bench.onServer(MEMBER, start);
      try {
        await expectNotAccepted();
        await bench.up();
        await expectNotAccepted();
      } finally {
        await bench.onServer(MEMBER, stop);
      }
      if (isShown) await bench.succeeds("configurator", "revoke", "--yes", id);
      await bench.expectGood([MASTER, MEMBER]);
    });

    for (const phase of TOOL_PHASES) {
      test(
        `interrupted at ${phase}`,
        async () => {
          await bench.ready();
          await bench.expectWorkIn(phase, `interrupted at ${phase}`);
          await bench.destroy(MEMBER);
          await bench.interrupt("SIGINT", phase);
          await bench.interrupt("SIGKILL", phase);
          await bench.up();
          await bench.expectGood([MASTER, MEMBER]);
          bench.expectUnchanged(await bench.up());
        },
        () => bench.expectNoWorkIn(phase),
      );
    }

    test("interrupted while the tool runs", async () => {
      await bench.ready();
      await bench.destroy(MEMBER);
      await bench.interrupt("SIGKILL", "configure", "while the tool runs");
      await bench.up();
      await bench.expectGood([MASTER, MEMBER]);
      bench.expectUnchanged(await bench.up());
    });

    // One server is cut off in each of its phases, since a run for each would take as long as all other cases.
    for (const [name, moment] of LATER_MOMENTS) {
      test(name, async () => {
        await bench.ready();
        await bench.freshRun(MEMBER);
        await bench.destroy(MEMBER);
        for (const phase of phasesToCut()) {
          await bench.expectWorkIn(phase, `interrupted at ${phase}`);
          await bench.interrupt("SIGKILL", phase, moment);
        }
        await bench.up();
        await bench.expectGood([MASTER, MEMBER]);
        bench.expectUnchanged(await bench.up());
      });
    }

    // Half-way: its own keys, certificates and services are begun and not finished.
    test("interrupted on the master", async () => {
      await bench.ready();
      await bench.freshRun(MASTER);
      await bench.destroy(MASTER);
      for (const phase of ["install", "enroll"] as const) {
        await bench.expectWorkIn(phase, "interrupted on the master", MASTER);
        await bench.interrupt("SIGKILL", phase, "half", MASTER);
      }
      await bench.up();
      await bench.expectGood([MASTER, MEMBER]);
      bench.expectUnchanged(await bench.up());
    });
  });
}
