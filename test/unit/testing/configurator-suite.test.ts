import { beforeEach, describe, expect, test } from "vitest";

import type { FleetEvent, Phase } from "../../../src/fleet/events.ts";
import {
  type ConfiguratorSuiteOptions,
  testConfigurator,
} from "../../../src/testing/configurator-suite.ts";
import type { ConfiguratorWorld } from "../../../src/testing/configurator-world.ts";

const at = "2026-01-01T00:00:00.000Z";
const SERVERS = ["hub", "one"];

/** What the first `up` of a stack changes, by phase; a later one changes nothing. */
type Work = Partial<Record<Phase, "changed" | "unchanged">>;

/** A stack that needs no server: it is as its tree says, and `up` tells of the work that it is made with. */
function paperWorld(work: Work, tree: { text: string }): ConfiguratorWorld {
  let ups = 0;
  return {
    directory: "/nowhere",
    useServers: () => Promise.resolve(),
    run([word]) {
      const isFirst = word === "up" && (ups += 1) === 1;
      const events = SERVERS.flatMap((server) =>
        Object.entries(work).map(([phase, outcome]): FleetEvent => ({
          at,
          type: "phase-ended",
          server,
          phase: phase as Phase,
          outcome: isFirst ? outcome : "unchanged",
          ms: 1,
          changes: isFirst && outcome === "changed" ? 1 : 0,
        })),
      );
      return Promise.resolve({ status: 0, stdout: "", stderr: "", events });
    },
    onServer: () => Promise.resolve({ status: 0, stdout: `${tree.text}\n` }),
    close: () => Promise.resolve(),
  };
}

/** The suite's tests by their names. */
let cases: Map<string, () => Promise<void>>;
beforeEach(() => {
  cases = new Map();
});

function suite(work: Work, more: Partial<ConfiguratorSuiteOptions> = {}): void {
  const tree = { text: "" };
  testConfigurator(
    {
      describe: (_name, body) => body(),
      it: (name, body) => cases.set(name, body),
      afterAll: () => undefined,
    },
    {
      name: "paper",
      topology: "solo",
      world: () => Promise.resolve(paperWorld(work, tree)),
      tree: {
        write(_directory, _path, text) {
          tree.text = text;
          return Promise.resolve();
        },
        break: () => Promise.resolve(/never/),
      },
      ...more,
    },
  );
}

/** How a case ends; every case has one ending. */
function ending(name: string): Promise<void> {
  const [found] = [...cases].filter(
    ([title]) => title === name || title.startsWith(`${name} (not applicable: `),
  );
  if (found === undefined) throw new Error(`there is no case ${name}`);
  return found[1]();
}

const CUT = ["interrupted half-way", "interrupted at the last but one"];

describe("a phase in which a run is cut off", () => {
  const WORK: Work = { install: "unchanged", enroll: "unchanged", configure: "changed" };

  test("without work is a failure, as long as nobody has said why", async () => {
    suite(WORK);
    for (const name of ["interrupted at install", ...CUT]) {
      await expect(ending(name), name).rejects.toThrow(
        'install on one of the first run; where it has no work, say why in notApplicable["interrupted at install"]',
      );
    }
  });

  test("that does not apply has no work, as the first run shows", async () => {
    const notApplicable = { "interrupted at install": "it is there already" };
    suite(WORK, { notApplicable });
    expect([...cases.keys()]).toContain(
      "interrupted at install (not applicable: it is there already)",
    );
    await expect(ending("interrupted at install")).resolves.toBeUndefined();
    await expect(ending("interrupted at enroll")).resolves.toBeUndefined();
    suite({ ...WORK, install: "changed", enroll: "changed" }, { notApplicable });
    for (const phase of ["install", "enroll"]) {
      await expect(ending(`interrupted at ${phase}`)).rejects.toThrow(
        `${phase} on one has work: its interruption applies (changed)`,
      );
    }
  });

  test("there is at least one", async () => {
    suite(WORK, {
      notApplicable: { "interrupted at install": "no", "interrupted at configure": "no" },
    });
    for (const name of CUT) {
      await expect(ending(name), name).rejects.toThrow("there is a phase among install, enroll");
    }
  });
});

test("a tool that says nothing while it runs is not followed live", async () => {
  suite({ install: "changed", configure: "changed" });
  await expect(ending("followed live")).rejects.toThrow("the tool says something");
});
