import { describe, expect, it } from "vitest";

import type { Provider } from "../../src/providers/contract.ts";
import { shelf } from "../../examples/own-provider/shelf.ts";
import { testProvider } from "../../src/testing/provider-suite.ts";
import { SHELF_TOKEN, ShelfService } from "../simulators/shelf-service.ts";

testProvider({
  name: "the example of one's own",
  runner: { describe, it },
  timeoutMs: 15_000,
  notApplicable: {
    createFailsHalfWay: "a machine is all that is made, by one call",
    credentialEnds: "the service's token has no end",
    keepIdentity: "the service keeps no key",
    ensureShared: "the service has no firewall",
    leftovers: "a machine is all that is made",
  },
  create: async () => {
    const service = await ShelfService.start();
    const makeProvider = (token: string): Provider =>
      shelf({
        url: service.url,
        token,
        callTimeoutMs: 2000,
        bootTimeoutMs: 5000,
        pollMs: 10,
      });
    const provider = makeProvider(SHELF_TOKEN);
    return {
      provider,
      stack: "suite",
      servers: ["web", "db"],
      leftovers: async (stack) =>
        service.machines.filter(({ labels }) => labels["stack"] === stack).map(({ name }) => name),
      putForeign: async (server) => {
        const headers = { authorization: `Bearer ${SHELF_TOKEN}` };
        const body = JSON.stringify({ name: `suite.${server}`, labels: {}, image: "", size: "" });
        await fetch(`${service.url}/machines`, { method: "POST", headers, body });
        return async () => {
          service.machines = service.machines.filter(({ labels }) => labels["stack"] !== undefined);
        };
      },
      faults: {
        answerLost: async (request, context) => {
          service.fault = "answer-lost";
          await provider.ensure(request, context);
        },
        rateLimit: async () => {
          service.limit();
          return () => service.earlyCalls;
        },
        errorState: async (request) => {
          service.fault = "broken";
          return request;
        },
        addressLate: async () => {
          service.fault = "address-late";
        },
        secondMachine: async (server) => {
          const found = service.machines.find(({ labels }) => labels["server"] === server);
          if (found === undefined) throw new Error(`there is no ${server}`);
          const address = "192.0.2.251";
          service.machines.push({ ...found, id: "second", name: `${found.name}-2`, address });
        },
        acceptedAndLost: async () => {
          service.fault = "accepted-and-lost";
        },
        rateLimitWithoutTime: async () => {
          service.refusals = 3;
        },
        serverErrors: async () => {
          service.stumbles = 3;
        },
        quota: async () => {
          service.room = 0;
          return async () => void (service.room = Number.POSITIVE_INFINITY);
        },
        wrongCredential: () => makeProvider("guess"),
      },
      close: async () => await service.close(),
    };
  },
});

it("the example's secret stands in no trace, and a wrong one is told as such", async () => {
  const service = await ShelfService.start();
  const traced: string[] = [];
  const provider = shelf({ url: service.url, token: "guess" });
  const context = {
    stack: "suite",
    signal: AbortSignal.timeout(5000),
    progress: () => undefined,
    trace: (call: unknown) => traced.push(JSON.stringify(call)),
  };
  await expect(provider.observe(context)).rejects.toMatchObject({ code: "PROVIDER_AUTH" });
  expect(traced).toHaveLength(1);
  expect(traced.join("")).not.toContain("guess");
  await service.close();
});
