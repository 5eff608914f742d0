import { afterEach, beforeEach, expect, test } from "vitest";

import type { ProviderContext, SharedWish } from "../../../src/providers/contract.ts";
import { openstack } from "../../../src/providers/openstack/openstack.ts";
import {
  OpenStackSimulator,
  type SimulatedCall,
} from "../../simulators/openstack/openstack-simulator.ts";

let cloud: OpenStackSimulator;
beforeEach(async () => {
  cloud = await OpenStackSimulator.start();
});
afterEach(async () => await cloud.close());

const context: ProviderContext = {
  stack: "shop",
  signal: new AbortController().signal,
  progress: () => undefined,
};
const wish: SharedWish = {
  inlets: [
    { protocol: "tcp", fromPort: 22, toPort: 22, from: "anywhere" },
    { protocol: "tcp", fromPort: 2849, toPort: 2849, from: ["192.0.2.0/24"] },
    { protocol: "udp", fromPort: 6000, toPort: 6010, from: "stack" },
  ],
  meanwhile: [],
  mode: "open",
};

test("what is sent for one server with everything on, from its making to the last trace", async () => {
  const provider = openstack(
    {
      image: { distro: "debian-12" },
      size: { cpus: 1, memoryGb: 2 },
      networks: ["private"],
      floatingIps: true,
      securityGroups: ["default"],
      keyPair: true,
      availabilityZone: "nova",
      serverGroup: "soft-anti-affinity",
      configDrive: true,
      bootVolume: { sizeGb: 20, type: "fast" },
      pollMs: 10,
    },
    cloud.environment,
  );
  await provider.ensureShared?.(wish, context);
  const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE4ZZK9uSNyS1SrVlSbNTkpu6eEUYAU93CDHXZTgGxfG ada";
  const request = { server: "web", roles: ["web"], bootstrapKeys: [key], token: "token-1" };
  const machine = await provider.ensure(request, context);
  await provider.reboot(machine, "soft", context);
  await provider.destroy("web", context);
  await provider.destroyShared?.(context);
  await expect(render(cloud.calls)).toMatchFileSnapshot("openstack/one-server.txt");
});

/** All that changes something, by path: calls that are made at the same time have no order. */
function render(calls: readonly SimulatedCall[]): string {
  const changing = calls.filter(({ method, path }) => method !== "GET" && !path.includes("tokens"));
  const texts = changing.map(
    ({ method, path, body, microversion }) =>
      `${method} ${path}${microversion === undefined ? "" : ` (${microversion})`}\n${JSON.stringify(body, replace, 2)}\n`,
  );
  return texts
    .toSorted((one, other) => afterMethod(one).localeCompare(afterMethod(other)))
    .join("\n")
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "ID");
}

const afterMethod = (text: string): string =>
  text.replace(/^(\w+) (.*)/, "$2 $1").replaceAll(/[0-9a-f-]{36}/g, "ID");

/** What differs from run to run. */
function replace(key: string, value: unknown): unknown {
  if (key === "user_data") return "USER-DATA";
  return key === "bootmachine-host-key" ? "HOST-KEY" : value;
}
