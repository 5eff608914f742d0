import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type KilledRun, killUp, seededRandom, tallyOf } from "./killed-runs.ts";
import { createProject, heldFor, tagOf } from "./moto/ec2-project.ts";
import { Ec2World } from "./moto/ec2-world.ts";
import { REAL, startRealServers } from "./moto/real-servers.ts";
import type { RecordServers } from "./record-servers.ts";
import type { CommandResult, StackProject } from "./stack-project.ts";
import { tested } from "./tested.ts";

// BOOTMACHINE_TEST_ROUNDS=2 runs fewer; BOOTMACHINE_TEST_SEED=7 draws other moments.
const ROUNDS = Number(process.env["BOOTMACHINE_TEST_ROUNDS"] ?? "10");
const SEED = Number(process.env["BOOTMACHINE_TEST_SEED"] ?? "20261201");
const MOMENTS_A_ROUND = 5;
const NAMES = ["s1", "s2", "s3", "s4", "s5"];
const MINUTES = 60_000;

tested({
  what: "ec2: killed at random moments",
  how: "look-alike",
  on: ["Debian 12"],
  note: "moto 5.2 speaks EC2's API; each of its instances is a local server with that user-data at that private address",
});

function story(result: CommandResult): string {
  return `${result.stdout.split("\n").slice(-60).join("\n")}\n${result.stderr}`;
}

describe(`up of five servers, killed with SIGKILL (seed ${SEED})`, () => {
  const random = seededRandom(SEED);
  const killed: KilledRun[] = [];
  let world: Ec2World;
  let real: RecordServers;
  let project: StackProject;
  /** How long an `up` from nothing takes here and now. */
  let wholeMs = 0;

  beforeAll(async () => {
    world = await Ec2World.start();
    real = await startRealServers(world);
    project = await createProject(
      world,
      "eck",
      NAMES.map((name) => ({ name, roles: ["web"] })),
      REAL,
    );
    await project.bePatient();
  }, 15 * MINUTES);
  afterAll(async () => {
    await project.remove();
    await real.stop();
    await world.stop();
    const moments = killed.filter(({ wasKilled }) => wasKilled);
    process.stdout.write(`killed at ${moments.length} moments: ${tallyOf(moments)}\n`);
  });

  /** Exactly five servers, each proved, and nothing beside them. */
  async function finish(): Promise<void> {
    const began = Date.now();
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    if (wholeMs === 0) wholeMs = Date.now() - began;
    const verified = up.events.filter(
      (event) =>
        event.type === "phase-ended" && event.phase === "verify" && event.outcome === "unchanged",
    );
    expect(verified).toHaveLength(NAMES.length);
    const { instances, others } = await heldFor(world, project.name);
    expect(instances.map((entry) => tagOf(entry, "Name")).toSorted()).toEqual(
      NAMES.map((name) => `${project.name}.${name}`),
    );
    expect(instances.map(({ State: state }) => state?.Name)).toEqual(NAMES.map(() => "running"));
    expect(others).toEqual([`bootmachine.${project.name}`]);
  }

  async function destroy(): Promise<void> {
    const result = await project.run("destroy", "--yes");
    expect(result.status, story(result)).toBe(0);
    expect(await world.leftovers(project.name)).toEqual([]);
  }

  it("undisturbed, ends with five", { timeout: 20 * MINUTES }, async () => {
    await finish();
    await destroy();
  });

  for (let round = 1; round <= ROUNDS; round += 1) {
    it(
      `round ${round}: killed, run again, killed …, and at last undisturbed: five servers, no orphan`,
      { timeout: 30 * MINUTES },
      async () => {
        for (let moment = 0; moment < MOMENTS_A_ROUND; moment += 1) {
          // A run that goes on from the one before is shorter: half of the whole reaches to its end, in the mean.
          const afterMs = random() * wholeMs * 0.5;
          killed.push(await killUp(project, afterMs, random() < 0.5));
        }
        await finish();
        await destroy();
      },
    );
  }
});
