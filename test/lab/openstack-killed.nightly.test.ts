import { describeKilledUp } from "./killed-up.ts";
import { ControlPlane } from "./openstack/control-plane.ts";
import { createProject, heldFor } from "./openstack/openstack-project.ts";
import { startRealServers } from "./openstack/real-servers.ts";
import { tested } from "./tested.ts";

tested({
  what: "openstack: killed at random moments",
  how: "real",
  on: ["OpenStack Zed", "Debian 12"],
  note: "nova's own fake compute driver; each of its servers is a local one with that user-data at that address",
});

describeKilledUp(async () => {
  const plane = await ControlPlane.start();
  const real = await startRealServers(plane);
  return {
    createProject: async (servers) => await createProject(plane, "osk", servers),
    held: async (stack) => {
      const { servers, others } = await heldFor(plane, stack);
      // One that is not running has no place here under its name.
      const running = servers.map(({ name, status }) =>
        status === "ACTIVE" ? name : `${name} ${status}`,
      );
      return { running, others };
    },
    leftovers: async (stack) => {
      const { servers, others } = await heldFor(plane, stack);
      return [...servers.map(({ name }) => name), ...others];
    },
    stop: async () => {
      await real.stop();
      await plane.stop();
    },
  };
});
