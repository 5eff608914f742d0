import { describe, it } from "vitest";

import type { Provider } from "../../src/providers/contract.ts";
import { rackspace } from "../../src/providers/openstack/rackspace.ts";
import { testProvider } from "../../src/testing/provider-suite.ts";
import { OpenStackSimulator } from "../simulators/openstack/openstack-simulator.ts";
import { simulatedFaults } from "./simulated-faults.ts";

/** The same promises on an account where nothing is automated, and on a managed one. */
for (const [name, automation] of [
  ["rackspace, simulated", undefined],
  [
    "rackspace, simulated, managed",
    {
      key: "rax_service_level_automation",
      beginsAfterMs: 20,
      takesMs: 40,
      during: "In Progress",
      endsWith: "Complete",
    },
  ],
] as const) {
  testProvider({
    name,
    runner: { describe, it },
    timeoutMs: 30_000,
    notApplicable: {
      createFailsHalfWay: "a server is all that is made, by one call",
      ensureShared: "no security group is made unless it is asked for",
      leftovers: "a server is all that is made",
    },
    create: async () => {
      const cloud = await OpenStackSimulator.start({
        isRackspace: true,
        ...(automation === undefined ? {} : { automation }),
      });
      const makeProvider = (environment: Readonly<Record<string, string>>): Provider =>
        rackspace(
          {
            authUrl: `${cloud.url}/identity/v2.0`,
            image: { distro: "debian-12" },
            size: "m1.small",
            automation: automation === undefined ? [] : ["managed"],
            callTimeoutMs: 2000,
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
        leftovers: async (stack) =>
          cloud.project.servers
            .filter((server) => server.metadata["bootmachine-stack"] === stack)
            .map((server) => server.name),
        putForeign: async (server) => {
          const body = { server: foreign(server, cloud.project.images[0]?.id) };
          const made = await fetch(`${cloud.url}/compute/v2/123456/servers`, {
            method: "POST",
            headers: { "x-auth-token": await logIn(cloud) },
            body: JSON.stringify(body),
          });
          const { id } = ((await made.json()) as { readonly server: { readonly id: string } })
            .server;
          return async () => {
            cloud.project.servers = cloud.project.servers.filter((one) => one.id !== id);
          };
        },
        faults: {
          ...simulatedFaults(cloud, provider, 413),
          wrongCredential: () => makeProvider({ ...cloud.environment, RS_API_KEY: "guess" }),
        },
        close: async () => await cloud.close(),
      };
    },
  });
}

function foreign(server: string, image: string | undefined): unknown {
  return { name: `suite.${server}`, imageRef: image, flavorRef: "1", networks: [] };
}

async function logIn(cloud: OpenStackSimulator): Promise<string> {
  const { RS_USERNAME: username, RS_API_KEY: apiKey } = cloud.environment;
  const response = await fetch(`${cloud.url}/identity/v2.0/tokens`, {
    method: "POST",
    body: JSON.stringify({ auth: { "RAX-KSKEY:apiKeyCredentials": { username, apiKey } } }),
  });
  const body = (await response.json()) as {
    readonly access: { readonly token: { readonly id: string } };
  };
  return body.access.token.id;
}
