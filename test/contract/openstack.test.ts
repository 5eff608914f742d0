import { describe, it } from "vitest";

import { openstack } from "../../src/providers/openstack/openstack.ts";
import { testProvider } from "../../src/testing/provider-suite.ts";
import { OpenStackSimulator } from "../simulators/openstack/openstack-simulator.ts";

const CREATE = /^POST .*\/servers$/;

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
      const provider = openstack(
        {
          image: "debian-12",
          size: "m1.small",
          networks: ["private"],
          floatingIps: true,
          callTimeoutMs: 1000,
          pollMs: 10,
          settleMs: 150,
        },
        cloud.environment,
      );
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
          answerLost: async (request, context) => {
            cloud.faults.add({ match: CREATE, act: { kind: "answer-lost" } });
            await provider.ensure(request, context);
          },
          createFailsHalfWay: async (request, context) => {
            cloud.faults.add({ match: CREATE, times: 3, act: { kind: "status", status: 500 } });
            await provider.ensure(request, context).catch(() => undefined);
          },
          rateLimit: async () => {
            const headers = { "retry-after": "1" };
            cloud.faults.add({ match: /\/servers/, act: { kind: "status", status: 429, headers } });
            return () => cloud.earlyCalls;
          },
          errorState: async (request) => ({ ...request, size: "m1.huge" }),
          addressLate: async () => {
            cloud.project.addressDelayMs = 200;
          },
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
