import { setTimeout as sleep } from "node:timers/promises";

import { describeKilledBoot } from "./killed-boot.ts";
import { ControlPlane } from "./openstack/control-plane.ts";
import { createProject, heldFor } from "./openstack/openstack-project.ts";
import { tested } from "./tested.ts";

tested({
  what: "openstack: boot killed at random moments",
  how: "real",
  on: ["OpenStack Zed"],
  note: "nova's own fake compute driver; with floating addresses, without servers that answer",
});

describeKilledBoot(async (servers) => {
  const plane = await ControlPlane.start();
  const { front } = plane;
  const project = await createProject(plane, "okb", servers, { floatingIps: true });
  front.stand = async () => {
    await sleep(Math.random() * 300);
    return undefined;
  };
  return {
    project,
    shared: [`bootmachine.${project.name}`],
    callTimes: () => front.calls.map(({ at }) => at),
    forgetCalls: () => (front.calls.length = 0),
    held: async () => {
      const held = await heldFor(plane, project.name);
      return {
        names: held.servers.map(({ name }) => name),
        addresses: held.servers.flatMap(({ addresses }) =>
          Object.values(addresses)
            .flat()
            .filter((address) => address["OS-EXT-IPS:type"] === "floating")
            .map(({ addr }) => addr),
        ),
        others: held.others,
      };
    },
    leftovers: async () => {
      const held = await heldFor(plane, project.name);
      return [...held.servers.map(({ name }) => name), ...held.others];
    },
    stop: async () => await plane.stop(),
  };
});
