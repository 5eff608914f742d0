import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import type { ConfiguratorContext, MemberReport } from "../../../../src/configurators/contract.ts";
import { none } from "../../../../src/configurators/none.ts";
import { Enrolments } from "../../../../src/fleet/configurator/enrolments.ts";
import { hashContent, rememberGoodRun } from "../../../../src/fleet/configurator/good-run.ts";
import { contextOf } from "../../../../src/fleet/configurator/member-context.ts";
import { Milestones } from "../../../../src/fleet/configurator/milestones.ts";
import { rememberRebootWish } from "../../../../src/fleet/configurator/reboot-wish.ts";
import { SharedWork } from "../../../../src/fleet/configurator/shared-work.ts";
import { configure } from "../../../../src/fleet/phases/configure.ts";
import type { RunContext } from "../../../../src/fleet/run-context.ts";
import { ServerRun } from "../../../../src/fleet/server-run.ts";
import type { Host } from "../../../../src/host/host.ts";
import { contextFixture, serverFixture } from "../../../golden/baseline/fixture.ts";

const HUB = "hub";
const MEMBER = "web1";
const GONE_DOWN = new Error("the host goes down, and the test ends here");
const { signal } = new AbortController();

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "bootmachine-hosts-"));
});
afterEach(async () => {
  await rm(home, { recursive: true });
});

/** A master and a member, whose tool runs once for all; their hosts' state lies in folders here. */
class PushStack {
  readonly ran: (readonly string[])[] = [];
  readonly reboots: string[] = [];
  readonly milestones = new Milestones();
  readonly #context: RunContext;

  constructor() {
    const servers = [HUB, MEMBER].map((name) => serverFixture({ name }));
    this.#context = {
      stack: {
        ...contextFixture("12").stack,
        servers,
        master: HUB,
        configurator: {
          ...none(),
          name: "toy",
          topology: "push",
          run: (members: readonly ConfiguratorContext[]) => ({
            on: "controller",
            title: "toy",
            script: "true",
            parse: (): readonly MemberReport[] => {
              const names = members.map(({ member }) => member.server);
              this.ran.push(names);
              return names.map((server) => ({ server, changes: [] }));
            },
          }),
        },
      },
      mode: "apply",
      forceConfigure: false,
      paths: { sshConfig: join(home, "ssh_config") },
      addresses: { machine: () => undefined, members: () => [] },
      enrolments: new Enrolments(),
      milestones: this.milestones,
      shared: new SharedWork(home),
      signal,
      hardSignal: signal,
      emit: () => undefined,
    } as unknown as RunContext;
  }

  async runOf(name: string): Promise<ServerRun> {
    const folder = join(home, name);
    await mkdir(folder, { recursive: true });
    const { distro, facts } = contextFixture("12");
    const run = new ServerRun(serverFixture({ name }), this.#context, {
      id: name,
      login: { user: "root", port: 22 },
    } as ServerRun["machine"]);
    run.phase = "configure";
    run.distro = distro;
    run.host = {
      facts,
      target: { address: "10.0.0.11", port: 22, user: "ada" },
      run: (script: string) => {
        if (script.includes("systemctl --no-block reboot")) this.reboots.push(name);
        if (!script.includes("/var/lib/bootmachine"))
          return Promise.resolve({ status: 0, stdout: "", stderr: "" });
        const here = script.replaceAll("/var/lib/bootmachine", folder);
        const { status, stdout, stderr } = spawnSync("sh", ["-c", here], { encoding: "utf8" });
        return Promise.resolve({ status: status ?? 1, stdout, stderr });
      },
      close: () => Promise.reject(GONE_DOWN),
    } as unknown as Host;
    return run;
  }
}

test("a reboot that the master has left keeps nobody from the tool's run, and is made when all are proved", async () => {
  const stack = new PushStack();
  const hub = await stack.runOf(HUB);
  const member = await stack.runOf(MEMBER);
  // Its last run was good, and a run that was cut off has not made its reboot; the member's last run has failed.
  await rememberGoodRun(hub, await hashContent(hub, contextOf(hub)));
  await rememberRebootWish(hub);
  const hubEnds = configure(hub, signal).catch((error: unknown) => error);
  expect(await configure(member, signal)).toEqual({ outcome: "unchanged", changes: 0 });
  expect(stack.ran).toEqual([[MEMBER]]);
  await new Promise(setImmediate);
  // The member's proof may ask for the master still.
  expect(stack.reboots).toEqual([]);
  stack.milestones.reach(MEMBER, "proved");
  expect(await hubEnds).toBe(GONE_DOWN);
  expect(stack.reboots).toEqual([HUB]);
});
