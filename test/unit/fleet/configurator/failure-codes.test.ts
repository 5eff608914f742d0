import { expect, test } from "vitest";

import type { ConfiguratorContext } from "../../../../src/configurators/contract.ts";
import { MasterHost } from "../../../../src/fleet/configurator/master-host.ts";
import { Milestones } from "../../../../src/fleet/configurator/milestones.ts";
import { runForAll } from "../../../../src/fleet/configurator/run-for-members.ts";
import { SharedWork } from "../../../../src/fleet/configurator/shared-work.ts";
import type { ServerRun } from "../../../../src/fleet/server-run.ts";

const { signal } = new AbortController();

/** What is looked at: a member of a stack whose master is "hub". */
function memberRun(milestones: Milestones, shared: SharedWork): ServerRun {
  const stack = {
    name: "shop",
    master: "hub",
    servers: [{ name: "web1" }],
    configurator: { name: "salt" },
  };
  return {
    server: { name: "web1" },
    context: { stack, milestones, shared },
    step: () => undefined,
    lendSlot: (work: () => Promise<unknown>) => work(),
  } as unknown as ServerRun;
}

test("a member whose master failed in this run is told so, by a code of its own", async () => {
  const milestones = new Milestones();
  const run = memberRun(milestones, new SharedWork("/nowhere"));
  const master = new MasterHost();
  master.adopt({ server: { name: "hub" } } as unknown as ServerRun);
  milestones.giveUp("hub", undefined);
  await expect(master.connected(run, signal)).rejects.toMatchObject({
    code: "MASTER_FAILED",
    kind: "remote",
    message: "The master, hub, did not come up.",
  });
});

test("a tool that reports nothing about a member has failed there", async () => {
  const shared = new SharedWork("/nowhere");
  await shared.toolRun(() => Promise.resolve(new Map()));
  const member = { member: { server: "web1" } } as unknown as ConfiguratorContext;
  await expect(
    runForAll(memberRun(new Milestones(), shared), member, signal),
  ).rejects.toMatchObject({
    code: "TOOL_FAILED",
    message: "The tool has reported nothing about web1.",
  });
});
