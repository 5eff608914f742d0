import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { seededRandom } from "./killed-up.ts";
import { type StackProject, story } from "./stack-project.ts";

// BOOTMACHINE_TEST_MOMENTS=5 has fewer; BOOTMACHINE_TEST_SEED=7 draws others.
const MOMENTS = Number(process.env["BOOTMACHINE_TEST_MOMENTS"] ?? "50");
const SEED = Number(process.env["BOOTMACHINE_TEST_SEED"] ?? "20261201");
const NAMES = ["s1", "s2", "s3", "s4", "s5"];
const MINUTES = 60_000;

/** A cloud without servers that answer, in which the tests look by its own administrator's means. */
export interface BootWorld {
  readonly project: StackProject;
  /** When each call of the commands came, ms since the epoch; emptied by `forgetCalls`. */
  callTimes(): readonly number[];
  forgetCalls(): void;
  /** The names of the stack's machines, the address of each, and the names of all else that the cloud holds for it. */
  held(): Promise<{
    readonly names: readonly string[];
    readonly addresses: readonly string[];
    readonly others: readonly string[];
  }>;
  /** The names of what is there beside machines and addresses when all is made. */
  readonly shared: readonly string[];
  leftovers(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/**
 * Kills `boot` of five servers, with all that the cloud makes for them, at seeded random moments between its first call and
 * its last. The next run must end with exactly five machines, an address each, and nothing beside them.
 *
 * @param start Called once, with ten minutes; the world's calls should take their time, so that kills come between them.
 */
export function describeKilledBoot(
  start: (servers: readonly Record<string, unknown>[]) => Promise<BootWorld>,
): void {
  describe(`boot of five servers, killed with SIGKILL (seed ${SEED})`, () => {
    const random = seededRandom(SEED);
    let world: BootWorld;
    /** How long the calls of a `boot` from nothing take here and now. */
    let callsMs = 0;
    /** Machines that there were at the moment of the kill. */
    const found: number[] = [];

    beforeAll(async () => {
      world = await start(NAMES.map((name) => ({ name, roles: ["web"] })));
    }, 10 * MINUTES);
    afterAll(async () => {
      await world.project.remove();
      await world.stop();
      process.stdout.write(`machines at the moments of the kills: ${found.join(" ")}\n`);
    });

    async function finish(): Promise<void> {
      const boot = await world.project.run("boot", "--yes", "--json");
      expect(boot.status, story(boot)).toBe(0);
      const { names, addresses, others } = await world.held();
      expect(names.toSorted()).toEqual(NAMES.map((name) => `${world.project.name}.${name}`));
      expect(new Set(addresses).size).toBe(NAMES.length);
      expect(others.toSorted()).toEqual([...addresses, ...world.shared].toSorted());
    }

    async function destroy(): Promise<void> {
      const result = await world.project.run("destroy", "--yes");
      expect(result.status, story(result)).toBe(0);
      expect(await world.leftovers()).toEqual([]);
    }

    it("undisturbed, ends with five", { timeout: 5 * MINUTES }, async () => {
      await finish();
      const times = world.callTimes();
      callsMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
      expect(callsMs).toBeGreaterThan(0);
      await destroy();
    });

    for (let moment = 1; moment <= MOMENTS; moment += 1) {
      it(
        `moment ${moment}: killed while it makes machines, and run again: five, no orphan, none twice`,
        { timeout: 5 * MINUTES },
        async () => {
          // What a test that failed has left says nothing about this one.
          await destroy();
          world.forgetCalls();
          const { child, result } = world.project.start(["boot", "--yes", "--json"]);
          // Counted from the first call: how long a command takes to begin has nothing to do with it.
          while (world.callTimes().length === 0 && child.exitCode === null)
            await new Promise((next) => setTimeout(next, 5));
          const timer = setTimeout(() => child.kill("SIGKILL"), random() * callsMs);
          await result;
          clearTimeout(timer);
          found.push((await world.held()).names.length);
          await finish();
          await destroy();
        },
      );
    }
  });
}
