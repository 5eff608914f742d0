import { describeKilledBoot } from "./killed-boot.ts";
import { createProject, heldFor, tagOf } from "./moto/ec2-project.ts";
import { Ec2World } from "./moto/ec2-world.ts";
import { tested } from "./tested.ts";

tested({
  what: "ec2: boot killed at random moments",
  how: "look-alike",
  on: ["Debian 12"],
  note: "moto 5.2 speaks EC2's API; with elastic addresses and key pairs, without servers that answer",
});

describeKilledBoot(async (servers) => {
  const world = await Ec2World.start();
  const project = await createProject(world, "ekb", servers, {
    elasticAddress: true,
    publicAddress: true,
    zones: ["eu-central-1a"],
  });
  const { proxy } = world;
  proxy.before({
    match: () => true,
    work: async () => await new Promise((next) => setTimeout(next, Math.random() * 400)),
  });
  return {
    project,
    shared: [`bootmachine.${project.name}`],
    callTimes: () => proxy.calls.map(({ at }) => at),
    forgetCalls: () => (proxy.calls.length = 0),
    held: async () => {
      const { instances, others } = await heldFor(world, project.name);
      return {
        names: instances.map((instance) => tagOf(instance, "Name")),
        addresses: instances.map(({ PublicIpAddress: address = "" }) => address),
        others,
      };
    },
    leftovers: async () => await world.leftovers(project.name),
    stop: async () => await world.stop(),
  };
});
