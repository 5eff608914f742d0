import { TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, it, vi } from "vitest";

import { testProvider } from "../../src/testing/provider-suite.ts";
import { AwsFiles } from "./moto/aws-files.ts";
import { Ec2World, FAILING_TYPE } from "./moto/ec2-world.ts";
import { tested } from "./tested.ts";

let world: Ec2World;
let files: AwsFiles;

describe("ec2, with the real SDK", () => {
  tested({
    what: "provider ec2",
    how: "look-alike",
    on: ["Debian 12"],
    note: "moto 5.2 speaks EC2's API; Amazon's own was not called",
  });
  beforeAll(async () => {
    world = await Ec2World.start();
    files = await AwsFiles.create();
    await files.writeProgram();
    for (const [name, value] of Object.entries(files.environment)) vi.stubEnv(name, value);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await files.remove();
    await world.stop();
  });

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
        const provider = world.provider(
          { profile: "work", elasticAddress: true, keyPair: true },
          files.environment,
        );
        return {
          provider,
          stack: "suite",
          servers: ["web", "db"],
          leftovers: async (stack) => await leftOfServers(stack),
          loseMachine: async (server) => await world.terminate(`suite.${server}`),
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
            secondMachine: async (server) => void (await world.putTwin(server)),
            // EC2 loses no instance without a word: it shows it as ended.
            acceptedAndLost: async () => {
              const ends: Promise<unknown>[] = [];
              proxy.add({
                match: isRun,
                act: {
                  kind: "change",
                  change: (xml) => {
                    const InstanceIds = [/<instanceId>([^<]+)</.exec(xml)?.[1] ?? ""];
                    ends.push(world.client.send(new TerminateInstancesCommand({ InstanceIds })));
                    return xml;
                  },
                },
              });
              proxy.before({
                match: ({ action }) => action === "DescribeInstances",
                work: async () => void (await Promise.all(ends)),
              });
            },
            rateLimitWithoutTime: async () => {
              proxy.add({
                match: ({ action }) => action === "DescribeInstances",
                times: 3,
                act: { kind: "refuse", status: 503, code: "RequestLimitExceeded" },
              });
            },
            serverErrors: async () => {
              proxy.add({
                match: ({ action }) => action === "DescribeInstances",
                times: 3,
                act: { kind: "refuse", status: 500, code: "InternalError" },
              });
            },
            quota: async () => {
              const act = { kind: "refuse", status: 400, code: "InstanceLimitExceeded" } as const;
              proxy.add({ match: isRun, times: 1000, act });
              return async () => proxy.clear();
            },
            credentialEnds: async () =>
              proxy.refuseSession(proxy.calls.at(-1)?.sessionToken ?? "none"),
            wrongCredential: () =>
              world.provider({}, { AWS_ACCESS_KEY_ID: "AKIAWRONGWRONGWRONGW" }),
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
