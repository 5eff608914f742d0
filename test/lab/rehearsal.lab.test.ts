import { access, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { FleetEvent } from "../../src/fleet/events.ts";
import { type CommandResult, StackProject } from "./stack-project.ts";

const story = (result: CommandResult): string =>
  `${result.stdout.split("\n").slice(-60).join("\n")}\n${result.stderr}`;

const outcomesOf = (events: readonly FleetEvent[]): readonly string[] =>
  events.flatMap((event) => (event.type === "phase-ended" ? [event.outcome] : []));

describe("a stack of the provider openstack, rehearsed where there is no cloud", () => {
  let project: StackProject;
  let listener: Server;
  /** Connections to where the credentials say that the cloud is. */
  let calls = 0;

  beforeAll(async () => {
    listener = createServer((socket) => {
      calls += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const address = listener.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    process.env["OS_AUTH_URL"] = `http://127.0.0.1:${port}/identity`;
    process.env["OS_USERNAME"] = "demo";
    process.env["OS_PASSWORD"] = "not-so-secret";
    process.env["OS_PROJECT_NAME"] = "demo";
    project = await StackProject.create(
      "rehearsed",
      [
        { name: "web1", roles: ["web"], image: { distro: "debian-13" } },
        { name: "db1", roles: ["database"], image: "Debian 12 (cloud)" },
      ],
      {
        provider: { name: "openstack", size: "m1.small", floatingIps: true },
        firewall: [{ port: 5432, from: "stack", roles: ["database"] }],
      },
    );
  });
  afterAll(async () => {
    const result = await project.run("destroy", "--rehearse", "--yes");
    for (const name of ["AUTH_URL", "USERNAME", "PASSWORD", "PROJECT_NAME"])
      delete process.env[`OS_${name}`];
    await new Promise((resolve) => listener.close(resolve));
    expect(result.status, story(result)).toBe(0);
    await rm(project.directory, { recursive: true, force: true });
  });

  it("up: both are booted here, secured and proved, and what is not rehearsed is told", async () => {
    const up = await project.run("up", "--rehearse", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    const notes = up.events.flatMap((event) => (event.type === "note" ? [event.text] : []));
    expect(notes).toContain("Rehearsal with the provider local: openstack is left alone.");
    expect(notes).toContainEqual(
      expect.stringMatching(/^Not rehearsed: the size m1\.small, floating addresses/),
    );
    const ended = up.events.at(-1);
    expect(ended).toMatchObject({ type: "run-ended", outcome: "ok" });
    const status = await project.run("status", "--rehearse", "--json");
    expect(JSON.parse(status.stdout)).toMatchObject([
      { server: "web1", roles: ["web"], machine: { status: "running", image: "debian-13" } },
      { server: "db1", roles: ["database"], machine: { status: "running", image: "debian-12" } },
    ]);
    const id = await project.run("ssh", "db1", "--rehearse", "--", "hostname");
    expect(id.stdout).toBe("db1");
  });

  it("a second up changes nothing", async () => {
    const up = await project.run("up", "--rehearse", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    expect(outcomesOf(up.events)).not.toContain("changed");
    expect(outcomesOf(up.events)).not.toContain("failed");
  });

  it("verify proves it", async () => {
    const proof = await project.run("verify", "--rehearse");
    expect(proof.status, story(proof)).toBe(0);
  });

  it("a distro that is not here is refused before anything is made", async () => {
    const { servers } = project.config;
    project.config["servers"] = [
      ...(servers as readonly unknown[]),
      { name: "app1", image: { distro: "ubuntu-24.04" } },
    ];
    await project.write();
    const up = await project.run("up", "--rehearse", "--yes", "--json");
    expect(up.status).toBe(2);
    expect(story(up)).toContain("IMAGE_UNKNOWN");
    expect(story(up)).toContain("leave it out with --server");
    project.config["servers"] = servers;
    await project.write();
  });

  it("destroy removes the rehearsal; of the real stack nothing is there, and nobody was called", async () => {
    const destroyed = await project.run("destroy", "--rehearse", "--yes");
    expect(destroyed.status, story(destroyed)).toBe(0);
    const status = await project.run("status", "--rehearse", "--json");
    expect(status.stdout).not.toContain("running");
    const state = join(project.directory, ".bootmachine");
    await expect(access(join(state, `${project.name}.rehearsal`))).resolves.toBeUndefined();
    await expect(access(join(state, project.name))).rejects.toThrow("ENOENT");
    expect(calls).toBe(0);
  });
});
