import { readdirSync, readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { FleetEvent, PhaseEndedEvent } from "../../src/fleet/events.ts";
import { StackProject, story } from "./stack-project.ts";

const SERVERS = [
  { name: "lb1", image: "debian-13", roles: ["loadbalancer"] },
  { name: "app1", image: "debian-12", roles: ["application"] },
  { name: "db1", image: "debian-11", roles: ["database"] },
];

/** When the first process has started; another one after a reboot. */
const STARTED = "cut -d ' ' -f 22 /proc/1/stat";

/** Something to mend, so that prepare has work, and the distro's own word that a reboot is needed. */
const WANTS_REBOOT =
  "cd /run && touch reboot-required && echo linux-base >reboot-required.pkgs; sed -i /bootmachine/d /etc/hosts";

/** Ends the ssh processes of a command that lead to a server. */
function cutLinks(command: number | undefined, alias: string): void {
  const ids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  for (const id of ids) {
    try {
      const parent = readFileSync(`/proc/${id}/stat`, "utf8")
        .replace(/^.*\) . /su, "")
        .split(" ")[0];
      const isLink = readFileSync(`/proc/${id}/cmdline`, "utf8").includes(alias);
      if (isLink && Number(parent) === command) process.kill(Number(id), "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
}

function phaseOutcomes(events: readonly FleetEvent[], server: string): Record<string, string> {
  return Object.fromEntries(
    events
      .filter(
        (event): event is PhaseEndedEvent =>
          event.type === "phase-ended" && event.server === server,
      )
      .map(({ phase, outcome }) => [phase, outcome]),
  );
}

describe("up, from nothing to proved, on Debian 13, 12 and 11", () => {
  let project: StackProject;
  beforeAll(async () => {
    project = await StackProject.create("up", SERVERS, {
      firewall: [
        { port: 80, from: "anywhere", roles: ["loadbalancer"] },
        { port: 5432, from: "stack", roles: ["database"] },
      ],
    });
  });
  afterAll(async () => {
    await project.remove();
  });

  it("plans to make three servers, and makes none", async () => {
    const plan = await project.run("plan");
    expect(plan.status, story(plan)).toBe(0);
    expect(plan.stdout).toContain("lb1");
    const status = await project.run("status", "--json");
    expect(status.stdout).not.toContain('"running"');
  });

  it("boots, secures and proves all three", async () => {
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    for (const { name } of SERVERS) {
      expect(phaseOutcomes(up.events, name)).toMatchObject({
        boot: "changed",
        trust: "changed",
        prepare: "changed",
        secure: "changed",
        install: "skipped",
        verify: "unchanged",
      });
      expect(up.events).toContainEqual(
        expect.objectContaining({ type: "identity", server: name, proof: "published" }),
      );
    }
    const checks = up.events.filter((event) => event.type === "check");
    expect(checks.some((event) => event.check.from === "outside")).toBe(true);
    expect(checks.some((event) => event.check.from === "inside")).toBe(true);
    expect(up.events.at(-1)).toMatchObject({ type: "run-ended", outcome: "ok" });
  });

  it("finds everything in place the second time, and changes nothing", async () => {
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    for (const { name } of SERVERS) {
      expect(Object.values(phaseOutcomes(up.events, name))).not.toContain("changed");
      expect(Object.values(phaseOutcomes(up.events, name))).not.toContain("failed");
    }
    expect(
      up.events.filter((event) => event.type === "resource" && event.status === "changed"),
    ).toEqual([]);
  });

  it("has the declared state on the hosts", async () => {
    const id = await project.onServer(
      "db1",
      "id -un; sshd -T | grep -iE '^(port|permitrootlogin|passwordauthentication) '",
    );
    expect(id.stdout.trim().split("\n").toSorted()).toEqual([
      "passwordauthentication no",
      "permitrootlogin no",
      "port 2849",
      "root",
    ]);
    const hosts = await project.onServer("app1", "getent hosts db1 lb1; hostname");
    expect(hosts.stdout).toMatch(/ db1\b[\s\S]* lb1\b[\s\S]*\napp1\n$/);
  });

  it("shows drift: the plan with a diff, verify with exit status 1, and up mends it", async () => {
    await project.onServer(
      "lb1",
      "printf 'Port 2222\\n' > /etc/ssh/sshd_config.d/99-drift.conf; echo 'x ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/x; systemctl reload ssh",
    );
    await project.onServer("lb1", "nft add rule inet bootmachine input tcp dport 9999 accept");
    const verify = await project.run("verify", "--server", "lb1");
    expect(verify.status, story(verify)).toBe(1);
    const plan = await project.run("plan", "--server", "lb1");
    expect(plan.status, story(plan)).toBe(0);
    expect(plan.stdout).toMatch(/9999|99-drift|2222/);
    const up = await project.run("up", "--yes");
    // The foreign sudo rule is a finding, and not ours to remove.
    expect(up.status, story(up)).toBe(1);
    await project.onServer("lb1", "rm -f /etc/sudoers.d/x");
    const again = await project.run("up", "--yes");
    expect(again.status, story(again)).toBe(0);
    const settings = await project.onServer(
      "lb1",
      "sshd -T | grep -i '^port '; nft list table inet bootmachine | grep -c 9999",
    );
    expect(settings.stdout.trim().split("\n")).toEqual(["port 2849", "0"]);
  });

  it("leaves a journal of each run, and known_hosts and ssh_config as products", async () => {
    const directory = join(project.directory, ".bootmachine", project.name);
    const names = await readdir(join(directory, "journal"));
    expect(names.filter((name) => name.endsWith("-up.jsonl")).length).toBeGreaterThanOrEqual(2);
    const first = (await readFile(join(directory, "journal", names.toSorted()[1] ?? ""), "utf8"))
      .trim()
      .split("\n");
    expect(first.length).toBeGreaterThan(50);
    expect(await project.readState("known_hosts")).toContain("ssh-ed25519 ");
    const log = await project.run("log");
    expect(log.status, story(log)).toBe(0);
  });

  it("opens one more port by one more run, on the servers of the role alone", async () => {
    project.config = {
      ...project.config,
      firewall: [
        { port: 80, from: "anywhere", roles: ["loadbalancer"] },
        { port: 8080, from: "stack", roles: ["application"] },
        { port: 5432, from: "stack", roles: ["database"] },
      ],
    };
    await project.write();
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    expect(phaseOutcomes(up.events, "app1")).toMatchObject({
      prepare: "unchanged",
      secure: "changed",
    });
    expect(phaseOutcomes(up.events, "lb1")).toMatchObject({ secure: "unchanged" });
  });

  it("moves the ssh port of secured servers, also of one to which the link breaks as the change begins", async () => {
    project.config = {
      ...project.config,
      ssh: { ...(project.config["ssh"] as object), port: 2999 },
    };
    await project.write();
    let isCut = false;
    const { result } = project.start(["up", "--yes", "--json"], {
      onEvent: (event, { pid }) => {
        if (isCut || event.type !== "access" || event.server !== "app1") return;
        isCut = true;
        expect(event).toMatchObject({ step: "arm", state: "started" });
        cutLinks(pid, `${project.name}.app1`);
      },
    });
    const up = await result;
    expect(up.status, story(up)).toBe(0);
    const steps = up.events.flatMap((event) => (event.type === "step" ? [event.text] : []));
    expect(steps).toContain("the link broke before anything was changed: connecting once more");
    expect((await project.onServer("app1", "sshd -T | grep -i '^port '")).stdout.trim()).toBe(
      "port 2999",
    );
  });

  it("leaves a server that needs a reboot as it is where the config says never, and says so", async () => {
    project.config = { ...project.config, upgrades: { reboot: "never" } };
    await project.write();
    const began = await project.onServer("app1", STARTED);
    await project.onServer("app1", WANTS_REBOOT);
    const up = await project.run("up", "--yes", "--json", "--server", "app1");
    expect(up.status, story(up)).toBe(0);
    expect(up.events).toContainEqual(
      expect.objectContaining({
        type: "note",
        server: "app1",
        level: "warning",
        text: expect.stringMatching(
          /^A reboot is needed \(\/run\/reboot-required exists: linux-base *\), and the config says never\.$/,
        ) as string,
      }),
    );
    expect((await project.onServer("app1", STARTED)).stdout).toBe(began.stdout);
    const { upgrades: _, ...config } = project.config;
    project.config = config;
    await project.write();
  });

  it("reboots a server that needs it, and proves that it did", async () => {
    const began = await project.onServer("app1", STARTED);
    await project.onServer("app1", WANTS_REBOOT);
    const up = await project.run("up", "--yes", "--json", "--server", "app1");
    expect(up.status, story(up)).toBe(0);
    const steps = up.events.filter(
      (event) => event.type === "step" && event.text.startsWith("reboot"),
    );
    expect(steps.length).toBeGreaterThan(0);
    expect((await project.onServer("app1", "test -e /run/reboot-required")).status).not.toBe(0);
    expect((await project.onServer("app1", STARTED)).stdout).not.toBe(began.stdout);
  });

  it("adds a server later, and tells the others of it", async () => {
    project.config = {
      ...project.config,
      servers: [...SERVERS, { name: "app2", image: "debian-12", roles: ["application"] }],
    };
    await project.write();
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    // What is counted is what was changed, not what was looked at: the firewall alone lets the new member in.
    const changed = up.events.flatMap((event) =>
      event.type === "resource" &&
      event.server === "db1" &&
      event.phase === "secure" &&
      event.status === "changed"
        ? [event.id]
        : [],
    );
    expect(changed.length).toBeGreaterThan(0);
    expect(up.events).toContainEqual(
      expect.objectContaining({
        type: "phase-ended",
        server: "db1",
        phase: "secure",
        changes: new Set(changed).size,
      }),
    );
    expect(
      (
        await project.onServer(
          "db1",
          "getent hosts app2; nft list table inet bootmachine | grep 5432",
        )
      ).stdout,
    ).toContain("app2");
  });
});
