import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createProject, heldFor, tagOf } from "./moto/ec2-project.ts";
import { Ec2World, SECRET_KEY } from "./moto/ec2-world.ts";
import { REAL, startRealServers } from "./moto/real-servers.ts";
import type { RecordServers } from "./record-servers.ts";
import { type CommandResult, type StackProject, story } from "./stack-project.ts";
import { tested } from "./tested.ts";

const SERVERS = [
  { name: "web1", roles: ["web"] },
  { name: "db1", roles: ["db"] },
];

tested({
  what: "ec2: up to destroy",
  how: "look-alike",
  on: ["Debian 12"],
  note: "moto 5.2 speaks EC2's API; each of its instances is a local server with that user-data at that private address",
});

let world: Ec2World;
let real: RecordServers;
beforeAll(async () => {
  world = await Ec2World.start();
  real = await startRealServers(world);
}, 900_000);
afterAll(async () => {
  await real.stop();
  await world.stop();
});

function proofsOf({ events }: CommandResult): readonly string[] {
  return [...new Set(events.flatMap((event) => (event.type === "identity" ? [event.proof] : [])))];
}

async function upOf(project: StackProject): Promise<CommandResult> {
  const up = await project.run("up", "--yes", "--json");
  expect(up.status, story(up)).toBe(0);
  expect(up.events.at(-1)).toMatchObject({ type: "run-ended", outcome: "ok" });
  return up;
}

describe("a stack through EC2's API", () => {
  let project: StackProject;
  beforeAll(async () => {
    project = await createProject(world, "ec", SERVERS, REAL);
  });
  afterAll(async () => await project.remove());

  it("is booted, proved and secured, at private addresses; the journal holds no secret", async () => {
    const up = await upOf(project);
    expect(proofsOf(up)).toContain("injected");
    const { instances, others } = await heldFor(world, project.name);
    expect(instances.map((entry) => tagOf(entry, "Name")).toSorted()).toEqual(
      ["db1", "web1"].map((name) => `${project.name}.${name}`),
    );
    expect(instances.map(({ PublicIpAddress: address }) => address ?? "")).toEqual(["", ""]);
    expect(others).toEqual([`bootmachine.${project.name}`]);
    const calls = up.events.filter((event) => event.type === "provider-call");
    expect(calls.length).toBeGreaterThan(5);
    expect(JSON.stringify(up.events)).not.toContain(SECRET_KEY);
    expect(JSON.stringify(up.events)).not.toContain("PRIVATE KEY");
  });

  it("the security group lets in what is needed and no more", async () => {
    const [group] = (await world.groups()).filter(
      ({ GroupName: name }) => name === `bootmachine.${project.name}`,
    );
    const ports = (group?.IpPermissions ?? [])
      .filter(({ IpProtocol: protocol }) => protocol === "tcp")
      .map(({ FromPort: port = 0 }) => port)
      .toSorted((one, other) => one - other);
    expect(ports).toEqual([22, 2849]);
  });

  it("the injected key was replaced, and every controller finds the new one in the tags", async () => {
    const { instances } = await heldFor(world, project.name);
    for (const instance of instances) {
      const server = tagOf(instance, "bootmachine-server");
      const { stdout } = await project.onServer(
        server,
        "cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub",
      );
      expect(tagOf(instance, "bootmachine-host-key-1"), server).toBe(stdout.split("\n")[0]);
      expect(tagOf(instance, "bootmachine-host-proof"), server).toBe("published 1");
    }
  });

  it("a second run changes nothing, and has the keys of the tags as proof", async () => {
    const up = await upOf(project);
    expect(proofsOf(up)).toEqual(["published"]);
    expect(up.events.at(-1)).toMatchObject({
      servers: [{ outcome: "unchanged" }, { outcome: "unchanged" }],
    });
  });

  it("verify proves it, and status shows it", async () => {
    const verify = await project.run("verify");
    expect(verify.status, story(verify)).toBe(0);
    const status = await project.run("status", "--json");
    expect(status.stdout.match(/"status":\s*"running"/g), story(status)).toHaveLength(2);
  });

  it("reboots by EC2, and is proved again", async () => {
    world.proxy.calls.length = 0;
    const hard = await project.run("reboot", "--yes", "--hard", "--server", "web1");
    expect(hard.status, story(hard)).toBe(0);
    expect(world.proxy.count("StopInstances")).toBe(1);
    const verify = await project.run("verify", "--server", "web1");
    expect(verify.status, story(verify)).toBe(0);
  });

  it("destroy leaves nothing behind", async () => {
    const destroy = await project.run("destroy", "--yes");
    expect(destroy.status, story(destroy)).toBe(0);
    expect(await world.leftovers(project.name)).toEqual([]);
    await expect.poll(() => real.ids, { timeout: 60_000 }).toEqual([]);
  });
});

it("console: the server's own key is read in the console output", async () => {
  const project = await createProject(world, "ecc", SERVERS.slice(0, 1), {
    ...REAL,
    hostIdentity: "console",
  });
  try {
    expect(proofsOf(await upOf(project))).toEqual(["console"]);
  } finally {
    await project.remove();
  }
});
