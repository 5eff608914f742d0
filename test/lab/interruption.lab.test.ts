import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { FleetEvent } from "../../src/fleet/events.ts";
import { type CommandResult, StackProject, story } from "./stack-project.ts";

const SERVERS = [
  { name: "one", image: "debian-12", roles: ["a"] },
  { name: "two", image: "debian-13", roles: ["b"] },
];

/** Moments at which the controller is killed: an event of this kind has just been written. */
const MOMENTS: readonly { readonly name: string; readonly is: (event: FleetEvent) => boolean }[] = [
  {
    name: "while the first machine is made",
    is: (event) => event.type === "step" && event.phase === "boot",
  },
  { name: "when a server was reached", is: (event) => event.type === "reached" },
  {
    name: "in the middle of prepare",
    is: (event) =>
      event.type === "resource" && event.phase === "prepare" && event.status === "changed",
  },
  {
    name: "in the middle of the baseline",
    is: (event) =>
      event.type === "resource" && event.phase === "secure" && event.status === "changed",
  },
  {
    name: "when the new way is open",
    is: (event) => event.type === "access" && event.step === "open" && event.state === "done",
  },
  {
    name: "when the old way is closed",
    is: (event) => event.type === "access" && event.step === "close" && event.state === "done",
  },
  {
    name: "while it proves",
    is: (event) => event.type === "phase-started" && event.phase === "verify",
  },
];

/** Longer than the limit after which a silent link counts as broken. */
const SLEEP_MS = 25_000;

describe("a controller that is killed", () => {
  let project: StackProject;
  beforeAll(async () => {
    project = await StackProject.create("kill", SERVERS, { upgrades: { atBoot: "none" } });
  });
  afterAll(async () => {
    await project.remove();
  });

  it.each(MOMENTS)("$name: the next run goes on", async ({ is }) => {
    let killed = false;
    const { result } = project.start(["up", "--yes", "--json"], {
      onEvent: (event, child) => {
        if (killed || !is(event)) return;
        killed = true;
        child.kill("SIGKILL");
      },
    });
    const stopped = await result;
    expect(killed, story(stopped)).toBe(true);
  });

  it("ends with exactly two servers, proved", async () => {
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    const status = await project.run("status", "--json");
    expect(status.stdout.match(/"status":\s*"running"/g)).toHaveLength(2);
    const verify = await project.run("verify");
    expect(verify.status, story(verify)).toBe(0);
  });

  it("is seen in status as long as its access change is unfinished, and the next run ends it", async () => {
    const { config } = project;
    // Longer than this test: the countdown does not end in the middle of it.
    const ssh = { ...(config["ssh"] as object), port: 2850, rollbackSeconds: 900 };
    project.config = { ...config, ssh };
    await project.write();
    const { result } = project.start(["up", "--yes", "--json", "--server", "one"], {
      onEvent: (event, child) => {
        if (event.type === "access" && event.step === "close" && event.state === "done")
          child.kill("SIGKILL");
      },
    });
    const killed = await result;
    expect(killed.signal, story(killed)).toBe("SIGKILL");
    const json = await project.run("status", "--json", "--server", "one");
    expect(JSON.parse(json.stdout), story(json)).toMatchObject([
      { server: "one", reach: { ok: true, isSecured: false, accessChange: "armed" } },
    ]);
    const text = await project.run("status", "--server", "one");
    expect(text.stdout).toMatch(/:2850 +changing /);
    expect(text.stdout).toContain("`bootmachine secure --server one` ends it");
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    const after = await project.run("status", "--json", "--server", "one");
    expect(JSON.parse(after.stdout)).toMatchObject([{ reach: { isSecured: true } }]);
    expect(after.stdout).not.toContain("accessChange");
  });

  it("refuses a second run on the same stack, with who, when and where", async () => {
    let second: Promise<CommandResult> | undefined;
    const { result } = project.start(["up", "--yes", "--json"], {
      onEvent: (event, child) => {
        if (event.type !== "run-started" || child.pid === undefined) return;
        // Halted until the second has been answered: how quick each of them is does not matter.
        const group = -child.pid;
        process.kill(group, "SIGSTOP");
        second = project.run("secure").finally(() => process.kill(group, "SIGCONT"));
      },
    });
    const first = await result;
    expect(first.status, story(first)).toBe(0);
    const refused = await second;
    expect(refused?.status).toBe(3);
    expect(`${refused?.stdout}${refused?.stderr}`).toMatch(/`up` by .+ on .+, process \d+, since/);
  });

  it("stops at Ctrl-C with exit status 130, and finishes at the next run", async () => {
    const destroy = await project.run("destroy", "--yes", "--server", "two");
    expect(destroy.status, story(destroy)).toBe(0);
    let interrupted = false;
    const { result } = project.start(["up", "--yes", "--json"], {
      onEvent: (event, child) => {
        // In the middle of a program: its first resource is done, the upgrade is in hand.
        if (interrupted || event.type !== "resource" || event.server !== "two") return;
        interrupted = true;
        child.kill("SIGINT");
      },
    });
    const stopped = await result;
    expect(stopped.status, story(stopped)).toBe(130);
    const up = await project.run("up", "--yes");
    expect(up.status, story(up)).toBe(0);
  });

  it("goes on after a sleep that outlasts the link", async () => {
    const destroy = await project.run("destroy", "--yes", "--server", "two");
    expect(destroy.status, story(destroy)).toBe(0);
    let slept = false;
    const { result } = project.start(["up", "--yes", "--json"], {
      onEvent: (event, child) => {
        if (slept || event.type !== "phase-started" || event.phase !== "secure") return;
        if (event.server !== "two" || child.pid === undefined) return;
        slept = true;
        const group = -child.pid;
        process.kill(group, "SIGSTOP");
        setTimeout(() => process.kill(group, "SIGCONT"), SLEEP_MS);
      },
    });
    const up = await result;
    expect(slept).toBe(true);
    expect(up.status, story(up)).toBe(0);
  });

  it("destroys a half-made stack, twice", async () => {
    const { result } = project.start(["up", "--yes", "--json"]);
    await result;
    expect((await project.run("destroy", "--yes")).status).toBe(0);
    let killed = false;
    const half = project.start(["up", "--yes", "--json"], {
      onEvent: (event, child) => {
        if (killed || event.type !== "step" || event.phase !== "boot") return;
        killed = true;
        child.kill("SIGKILL");
      },
    });
    await half.result;
    expect((await project.run("destroy", "--yes")).status).toBe(0);
    expect((await project.run("destroy", "--yes")).status).toBe(0);
  });
});
