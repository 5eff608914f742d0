import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { seededRandom } from "./killed-up.ts";
import { createProject, heldFor, tagOf } from "./moto/ec2-project.ts";
import { Ec2World } from "./moto/ec2-world.ts";
import { type StackProject, story } from "./stack-project.ts";

// BOOTMACHINE_TEST_MOMENTS=5 has fewer; BOOTMACHINE_TEST_SEED=7 draws others.
const MOMENTS = Number(process.env["BOOTMACHINE_TEST_MOMENTS"] ?? "50");
const SEED = Number(process.env["BOOTMACHINE_TEST_SEED"] ?? "20261201");
const NAMES = ["s1", "s2", "s3", "s4", "s5"];
const MINUTES = 60_000;

/** The part in which machines are made, which needs no server that answers; ec2-killed.nightly.test.ts has the whole. */
describe(`boot of five servers, killed with SIGKILL (seed ${SEED})`, () => {
  const random = seededRandom(SEED);
  let world: Ec2World;
  let project: StackProject;
  /** How long the calls of a `boot` from nothing take here and now. */
  const takes = { callsMs: 0 };
  /** Instances that there were at the moment of the kill. */
  const found: number[] = [];

  beforeAll(async () => {
    world = await Ec2World.start();
    project = await createProject(
      world,
      "ekb",
      NAMES.map((name) => ({ name, roles: ["web"] })),
      { elasticAddress: true, publicAddress: true, zones: ["eu-central-1a"] },
    );
    // Calls that take their time spread over it, so that kills come between them.
    world.proxy.before({
      match: () => true,
      work: async () => await new Promise((next) => setTimeout(next, random() * 400)),
    });
  }, 10 * MINUTES);
  afterAll(async () => {
    await project.remove();
    await world.stop();
    process.stdout.write(`instances at the moments of the kills: ${found.join(" ")}\n`);
  });

  /** Exactly five machines, each with its address, and nothing beside them. */
  async function finish(): Promise<void> {
    const boot = await project.run("boot", "--yes", "--json");
    expect(boot.status, story(boot)).toBe(0);
    const { instances, others } = await heldFor(world, project.name);
    expect(instances.map((entry) => tagOf(entry, "Name")).toSorted()).toEqual(
      NAMES.map((name) => `${project.name}.${name}`),
    );
    const addresses = instances.map(({ PublicIpAddress: address = "" }) => address);
    expect(new Set(addresses).size).toBe(NAMES.length);
    expect(others.toSorted()).toEqual([...addresses, `bootmachine.${project.name}`].toSorted());
  }

  async function destroy(): Promise<void> {
    const result = await project.run("destroy", "--yes");
    expect(result.status, story(result)).toBe(0);
    expect(await world.leftovers(project.name)).toEqual([]);
  }

  it("undisturbed, ends with five", { timeout: 5 * MINUTES }, async () => {
    const began = Date.now();
    await finish();
    const at = world.proxy.calls.map((call) => call.at);
    takes.callsMs = (at.at(-1) ?? began) - (at[0] ?? began);
    await destroy();
  });

  for (let moment = 1; moment <= MOMENTS; moment += 1) {
    it(
      `moment ${moment}: killed while it makes machines, and run again: five, no orphan, none twice`,
      { timeout: 5 * MINUTES },
      async () => {
        world.proxy.calls.length = 0;
        const { child, result } = project.start(["boot", "--yes", "--json"]);
        // Counted from the first call: how long a command takes to begin has nothing to do with it.
        while (world.proxy.calls.length === 0 && child.exitCode === null)
          await new Promise((next) => setTimeout(next, 5));
        const timer = setTimeout(() => child.kill("SIGKILL"), random() * takes.callsMs);
        await result;
        clearTimeout(timer);
        found.push((await heldFor(world, project.name)).instances.length);
        await finish();
        await destroy();
      },
    );
  }
});
