import { describeKilledUp } from "./killed-up.ts";
import { createProject, heldFor, tagOf } from "./moto/ec2-project.ts";
import { Ec2World } from "./moto/ec2-world.ts";
import { REAL, startRealServers } from "./moto/real-servers.ts";
import { tested } from "./tested.ts";

tested({
  what: "ec2: killed at random moments",
  how: "look-alike",
  on: ["Debian 12"],
  note: "moto 5.2 speaks EC2's API; each of its instances is a local server with that user-data at that private address",
});

describeKilledUp(async () => {
  const world = await Ec2World.start();
  const real = await startRealServers(world);
  return {
    createProject: async (servers) => await createProject(world, "eck", servers, REAL),
    held: async (stack) => {
      const { instances, others } = await heldFor(world, stack);
      // One that is not running has no place here under its name.
      const running = instances.map((instance) => {
        const state = instance.State?.Name ?? "";
        return state === "running"
          ? tagOf(instance, "Name")
          : `${tagOf(instance, "Name")} ${state}`;
      });
      return { running, others };
    },
    leftovers: async (stack) => await world.leftovers(stack),
    stop: async () => {
      await real.stop();
      await world.stop();
    },
  };
});
