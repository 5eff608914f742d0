import { describe, it } from "vitest";

import { existing } from "../../src/providers/existing/existing.ts";
import { FakeCloud } from "../../src/testing/fake-cloud.ts";
import { fakeProvider } from "../../src/testing/fake-provider.ts";
import { testProvider } from "../../src/testing/provider-suite.ts";

const CREATES_NOTHING = "existing creates nothing";

testProvider({
  name: "existing",
  runner: { describe, it },
  timeoutMs: 5000,
  notApplicable: {
    creating: CREATES_NOTHING,
    answerLost: CREATES_NOTHING,
    createFailsHalfWay: CREATES_NOTHING,
    rateLimit: CREATES_NOTHING,
    errorState: CREATES_NOTHING,
    addressLate: CREATES_NOTHING,
    secondMachine: CREATES_NOTHING,
    acceptedAndLost: CREATES_NOTHING,
    rateLimitWithoutTime: CREATES_NOTHING,
    serverErrors: CREATES_NOTHING,
    quota: CREATES_NOTHING,
    credentialEnds: CREATES_NOTHING,
    wrongCredential: CREATES_NOTHING,
    images: CREATES_NOTHING,
    wishes: CREATES_NOTHING,
    keepIdentity: "it is in the config",
    ensureShared: CREATES_NOTHING,
    leftovers: CREATES_NOTHING,
  },
  create: async () => ({
    provider: existing({
      hosts: {
        web: {
          address: "192.0.2.1",
          hostKey:
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE4ZZK9uSNyS1SrVlSbNTkpu6eEUYAU93CDHXZTgGxfG old",
        },
        db: { address: "2001:db8::7", port: 2222, user: "admin", privateAddress: "10.0.0.7" },
      },
    }),
    stack: "suite",
    servers: ["web", "db"],
    faults: {},
  }),
});

testProvider({
  name: "fake",
  runner: { describe, it },
  timeoutMs: 5000,
  notApplicable: {
    credentialEnds: "the imaginary cloud asks nobody who they are",
    wrongCredential: "the imaginary cloud asks nobody who they are",
    keepIdentity: "the imaginary cloud keeps no key",
    ensureShared: "the imaginary cloud has no firewall",
  },
  create: async () => {
    const cloud = new FakeCloud();
    const provider = fakeProvider({ cloud });
    const leftovers = async (stack: string): Promise<readonly string[]> => [
      ...(await cloud.listServers())
        .filter((server) => server.tags["stack"] === stack)
        .map((server) => server.id),
      ...(await cloud.listAddresses())
        .filter((entry) => entry.tags["stack"] === stack)
        .map((entry) => entry.address),
    ];
    return {
      provider,
      stack: "suite",
      servers: ["web", "db"],
      leftovers,
      loseMachine: async (server) => {
        for (const { id, tags } of await cloud.listServers())
          if (tags["server"] === server) await cloud.deleteServer(id);
      },
      putForeign: async (server) => {
        const foreign = await cloud.createServer({
          name: `suite-${server}`,
          tags: { owner: "somebody" },
          image: "debian-12",
          size: "small",
          address: "192.0.2.250",
        });
        return async () => void (await cloud.deleteServer(foreign.id));
      },
      faults: {
        answerLost: async (request, context) => {
          cloud.inject({ kind: "answer-lost" });
          await provider.ensure(request, context);
        },
        createFailsHalfWay: async (request, context) => {
          cloud.inject({ kind: "fails-half-way" });
          await provider.ensure(request, context).catch(() => undefined);
        },
        rateLimit: async () => {
          cloud.inject({ kind: "rate-limit", retryAfterMs: 60 });
          return () => cloud.earlyCalls;
        },
        errorState: async (request) => {
          cloud.inject({ kind: "error-state" });
          return request;
        },
        addressLate: async () => cloud.inject({ kind: "address-late", looks: 3 }),
        secondMachine: async (server) => {
          const found = (await cloud.listServers()).find((one) => one.tags["server"] === server);
          if (found === undefined) throw new Error(`there is no ${server}`);
          await cloud.createServer({ ...found, name: `${found.name}-2`, address: "192.0.2.251" });
        },
        acceptedAndLost: async () => cloud.inject({ kind: "accepted-and-lost" }),
        rateLimitWithoutTime: async () => {
          for (let calls = 0; calls < 2; calls += 1) cloud.inject({ kind: "rate-limit" });
        },
        serverErrors: async () => {
          for (let calls = 0; calls < 3; calls += 1) cloud.inject({ kind: "server-error" });
        },
        quota: async () => {
          cloud.quota = 0;
          return async () => void (cloud.quota = Number.POSITIVE_INFINITY);
        },
      },
    };
  },
});
