import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { CancelledError, ProviderError } from "../../../src/errors/error.ts";
import { FleetContexts } from "../../../src/fleet/fleet-contexts.ts";
import type { RunContext } from "../../../src/fleet/run-context.ts";
import { runStack } from "../../../src/fleet/run-stack.ts";
import { StackMachines } from "../../../src/fleet/stack-machines.ts";
import type { Machine } from "../../../src/providers/contract.ts";
import { fakeProvider } from "../../../src/testing/fake-provider.ts";
import { contextFixture, serverFixture } from "../../golden/baseline/fixture.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "run-stack-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const machineOf = (server: string, address: string, status: Machine["status"]): Machine => ({
  id: server,
  stack: "shop",
  server,
  status,
  publicAddresses: [address],
  privateAddresses: [],
  login: { user: "root", port: 22 },
  image: "debian-12",
  size: "small",
});

/** Boots web1, which runs, and web2 at a provider that can start and make nothing. */
async function booted(web2: Machine | undefined, failure: Error): Promise<RunContext> {
  const { stack } = contextFixture("12");
  const servers = ["web1", "web2"].map((name) => serverFixture({ name }));
  const provider = { ...fakeProvider(), ensure: () => Promise.reject(failure) };
  const contexts = new FleetContexts({
    stack: { ...stack, provider, servers, directory, concurrency: 2 },
    version: "0",
    onEvent: () => undefined,
    signal: new AbortController().signal,
    stateDirectory: directory,
    who: "ada@laptop",
  } as unknown as ConstructorParameters<typeof FleetContexts>[0]);
  const context = await contexts.contextFor(contexts.emitOnly, { phases: new Set(["boot"]) });
  const observed = [
    machineOf("web1", "192.0.2.1", "running"),
    ...(web2 === undefined ? [] : [web2]),
  ];
  const { servers: summaries } = await runStack(context, servers, new StackMachines(observed));
  expect(summaries.map(({ outcome }) => outcome)).toEqual([
    "unchanged",
    failure instanceof CancelledError ? "cancelled" : "failed",
  ]);
  return context;
}

const FULL = new ProviderError("PROVIDER_QUOTA", "The quota is used up.");
const namesOf = (context: RunContext): readonly string[] =>
  context.addresses.members().map(({ name }) => name);

test("a server whose machine is there and does not start stays a member for the others, and is trusted", async () => {
  const context = await booted(machineOf("web2", "192.0.2.2", "stopped"), FULL);
  expect(namesOf(context)).toEqual(["web1", "web2"]);
  expect([...context.lost]).toEqual([]);
});

test("one whose machine cannot be made is a member no more, and the trust in it is to be taken away", async () => {
  const context = await booted(undefined, FULL);
  expect(namesOf(context)).toEqual(["web1"]);
  expect([...context.lost]).toEqual(["web2"]);
});

test("of one whose create the user has stopped nothing is known, and nothing is begun at the master", async () => {
  const context = await booted(undefined, new CancelledError());
  expect(namesOf(context)).toEqual(["web1"]);
  expect([...context.lost]).toEqual([]);
});
