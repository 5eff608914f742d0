import { randomUUID } from "node:crypto";

import type { Provider } from "../../src/providers/contract.ts";
import type { ProviderFaults } from "../../src/testing/provider-world.ts";
import type { OpenStackSimulator } from "../simulators/openstack/openstack-simulator.ts";

const CREATE = /^POST .*\/servers$/;

/** The faults that every provider over the simulator can be given. @param limitStatus of a rate limit that names a time */
export function simulatedFaults(
  cloud: OpenStackSimulator,
  provider: Provider,
  limitStatus: 413 | 429,
): Omit<ProviderFaults, "createFailsHalfWay" | "wrongCredential"> {
  return {
    answerLost: async (request, context) => {
      cloud.faults.add({ match: CREATE, act: { kind: "answer-lost" } });
      await provider.ensure(request, context);
    },
    rateLimit: async () => {
      const headers = { "retry-after": "1" };
      const act = { kind: "status", status: limitStatus, headers } as const;
      cloud.faults.add({ match: /\/servers/, act });
      return () => cloud.earlyCalls;
    },
    errorState: async (request) => ({ ...request, size: "m1.huge" }),
    addressLate: async () => {
      cloud.project.addressDelayMs = 200;
    },
    secondMachine: async (server) => {
      const found = cloud.project.servers.find(
        ({ metadata }) => metadata["bootmachine-server"] === server,
      );
      if (found === undefined) throw new Error(`there is no ${server}`);
      const later = new Date(Date.parse(found.created) + 1000);
      cloud.project.servers.push({
        ...found,
        id: randomUUID(),
        created: later.toISOString().replace(/\.\d+Z$/, "Z"),
        metadata: { ...found.metadata, "bootmachine-token": "another" },
        address: cloud.project.nextAddress(),
        portId: randomUUID(),
      });
    },
    acceptedAndLost: async () => {
      cloud.faults.add({ match: CREATE, act: { kind: "accepted-and-lost" } });
    },
    rateLimitWithoutTime: async () => {
      const act = { kind: "status", status: 429 } as const;
      cloud.faults.add({ match: /\/servers/, times: 3, act });
    },
    serverErrors: async () => {
      const act = { kind: "status", status: 503 } as const;
      cloud.faults.add({ match: /^GET .*\/servers/, times: 3, act });
    },
    quota: async () => {
      const { maxServers } = cloud.project;
      cloud.project.maxServers = 0;
      return async () => void (cloud.project.maxServers = maxServers);
    },
    credentialEnds: async () => cloud.revokeTokens(),
  };
}
