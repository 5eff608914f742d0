import { afterAll, beforeAll, describe, it } from "vitest";

import { testProvider } from "../../src/testing/provider-suite.ts";
import { Ec2World, FAILING_TYPE } from "./moto/ec2-world.ts";
import { tested } from "./tested.ts";

let world: Ec2World;

describe("ec2, with the real SDK", () => {
  tested({
    what: "provider ec2",
    how: "look-alike",
    on: ["Debian 12"],
    note: "moto 5.2 speaks EC2's API; Amazon's own was not called",
  });
  beforeAll(async () => {
    world = await Ec2World.start();
  });
  afterAll(async () => await world.stop());

  /** The same promises where lists are right at once, and where they lag behind. */
  for (const [name, lagMs] of [
    ["ec2, at moto", 0],
    ["ec2, at moto, lists lag behind", 80],
  ] as const) {
    testProvider({
      name,
      runner: { describe, it },
      timeoutMs: 30_000,
      create: async () => {
        await world.reset();
        const { proxy } = world;
        proxy.lagMs = lagMs;
        const provider = world.provider({
          elasticAddress: true,
          keyPair: true,
        });
        return {
          provider,
          stack: "suite",
          servers: ["web", "db"],
          leftovers: async (stack) => await leftOfServers(stack),
          putForeign: async (server) => await world.putForeign(`suite.${server}`),
          faults: {
            answerLost: async (request, context) => {
              proxy.add({ match: isRun, act: { kind: "answer-lost" } });
              await provider.ensure(request, context);
            },
            createFailsHalfWay: async (request, context) => {
              proxy.add({
                match: ({ action }) => action === "AssociateAddress",
                act: { kind: "refuse", status: 400, code: "IncorrectInstanceState" },
              });
              await provider.ensure(request, context).catch(() => undefined);
            },
            rateLimit: async () => {
              proxy.add({
                match: ({ action }) => action === "DescribeInstances",
                act: { kind: "refuse", status: 503, code: "RequestLimitExceeded", retryAfter: 1 },
              });
              return () => proxy.earlyCalls;
            },
            errorState: async (request) => {
              world.endFailingType();
              return { ...request, size: FAILING_TYPE };
            },
            addressLate: async () => {
              proxy.add({
                match: ({ action }) => action === "DescribeInstances",
                times: 5,
                act: {
                  kind: "change",
                  change: (xml) => xml.replaceAll(/<(ipAddress|privateIpAddress)>[^<]*<\/\1>/g, ""),
                },
              });
            },
          },
          close: async () => proxy.clear(),
        };
      },
    });
  }
});

const isRun = ({ action }: { readonly action: string }): boolean => action === "RunInstances";

/** What a server leaves; what the stack shares goes with the stack. */
async function leftOfServers(stack: string): Promise<readonly string[]> {
  const shared = new RegExp(`^bootmachine\\.${stack}(-|$)`);
  return (await world.leftovers(stack)).filter((name) => !shared.test(name));
}
