import { describe, it } from "vitest";

import type { Provider } from "../../src/providers/contract.ts";
import { openstack } from "../../src/providers/openstack/openstack.ts";
import { testProvider } from "../../src/testing/provider-suite.ts";
import { OpenStackSimulator } from "../simulators/openstack/openstack-simulator.ts";
import { simulatedFaults } from "./simulated-faults.ts";

/** The same promises where lists are right at once, and where they lag behind. */
for (const [name, lagMs] of [
  ["openstack, simulated", 0],
  ["openstack, simulated, lists lag behind", 60],
] as const) {
  testProvider({
    name,
    runner: { describe, it },
    timeoutMs: 15_000,
    create: async () => {
      const cloud = await OpenStackSimulator.start({ lagMs });
      const makeProvider = (environment: Readonly<Record<string, string>>): Provider =>
        openstack(
          {
            image: "debian-12",
            size: "m1.small",
            networks: ["private"],
            floatingIps: true,
            callTimeoutMs: 1000,
            pollMs: 10,
            settleMs: 150,
          },
          environment,
        );
      const provider = makeProvider(cloud.environment);
      return {
        provider,
        stack: "suite",
        servers: ["web", "db"],
        leftovers: async (stack) => [
          ...cloud.project.servers
            .filter((server) => server.metadata["bootmachine-stack"] === stack)
            .map((server) => server.name),
          ...cloud.project.floatingIps
            .filter(({ description }) => description.includes(` ${stack}.`))
            .map((entry) => entry.floating_ip_address),
        ],
        loseMachine: async (server) => {
          const lost = cloud.project.servers.find(({ name }) => name === `suite.${server}`);
          cloud.project.servers = cloud.project.servers.filter((one) => one !== lost);
          for (const entry of cloud.project.floatingIps)
            if (entry.port_id === lost?.portId) entry.port_id = null;
        },
        putForeign: async (server) => {
          const image = cloud.project.images[0]?.id;
          const token = await logIn(cloud);
          const response = await fetch(`${cloud.url}/compute/v2.1/servers`, {
            method: "POST",
            headers: { "x-auth-token": token },
            body: JSON.stringify({
              server: { name: `suite.${server}`, imageRef: image, flavorRef: "1", networks: [] },
            }),
          });
          const { id } = ((await response.json()) as { readonly server: { readonly id: string } })
            .server;
          await new Promise((resolve) => setTimeout(resolve, lagMs));
          return async () => {
            cloud.project.servers = cloud.project.servers.filter((one) => one.id !== id);
          };
        },
        faults: {
          ...simulatedFaults(cloud, provider, 429),
          createFailsHalfWay: async (request, context) => {
            const match = /^POST .*\/floatingips$/;
            cloud.faults.add({ match, act: { kind: "status", status: 409 } });
            await provider.ensure(request, context).catch(() => undefined);
          },
          wrongCredential: () => makeProvider({ ...cloud.environment, OS_PASSWORD: "guess" }),
        },
        close: async () => await cloud.close(),
      };
    },
  });
}

async function logIn(cloud: OpenStackSimulator): Promise<string> {
  const { OS_PASSWORD: password } = cloud.environment;
  const response = await fetch(`${cloud.url}/identity/v3/auth/tokens`, {
    method: "POST",
    body: JSON.stringify({
      auth: {
        identity: { methods: ["password"], password: { user: { name: "demo", password } } },
        scope: { project: { name: "demo" } },
      },
    }),
  });
  return response.headers.get("x-subject-token") ?? "";
}
