import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { sharedName } from "../../src/cloud/names.ts";
import { CloudFirewall } from "./cloud-firewall.ts";
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

/** What the stack's security group lets in by TCP. */
async function openPorts({ name }: StackProject): Promise<readonly string[]> {
  return (await tcpRules(name)).map(({ port, from }) => `${port} from ${from}`).toSorted();
}

async function tcpRules(
  stack: string,
): Promise<readonly { readonly port: number; readonly from: string }[]> {
  const groups = (await world.groups()).filter(({ GroupName: name }) => name === sharedName(stack));
  return groups
    .flatMap(({ IpPermissions: permissions = [] }) => permissions)
    .filter(({ IpProtocol: protocol }) => protocol === "tcp")
    .flatMap(({ FromPort: port = 0, IpRanges: four = [], Ipv6Ranges: six = [] }) =>
      [...four.map(({ CidrIp }) => CidrIp), ...six.map(({ CidrIpv6 }) => CidrIpv6)].map(
        (from = "") => ({ port, from }),
      ),
    );
}

const everywhere = (port: number): readonly string[] => [
  `${port} from 0.0.0.0/0`,
  `${port} from ::/0`,
];

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
    expect(await openPorts(project)).toEqual(["2849 from 0.0.0.0/0", "2849 from ::/0"]);
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

describe("where the security group is enforced", () => {
  let project: StackProject;
  let firewall: CloudFirewall;
  beforeAll(async () => {
    project = await createProject(world, "ecf", SERVERS, REAL);
    firewall = new CloudFirewall(real.network);
    const enforce = async (): Promise<void> => await firewall.enforce(await tcpRules(project.name));
    world.proxy.after({
      match: ({ action }) => /SecurityGroup/.test(action) && !action.startsWith("Describe"),
      work: enforce,
    });
    await enforce();
  });
  afterAll(async () => {
    world.proxy.clear();
    await firewall.remove();
    await project.remove();
  });

  const change = async (port: number, firewallOpenings: readonly object[] = []): Promise<void> => {
    const ssh = { ...(project.config["ssh"] as object), port };
    project.config = { ...project.config, ssh, firewall: firewallOpenings };
    await project.write();
  };
  const changesOf = ({ events }: CommandResult) =>
    events.flatMap((event) =>
      event.type === "shared" ? [{ opened: event.opened, closed: event.closed }] : [],
    );
  const warningsOf = ({ events }: CommandResult): readonly string[] =>
    events.flatMap((event) =>
      event.type === "note" && event.level === "warning" ? [event.text] : [],
    );

  it("the first login is let in, and closed when all servers are on their declared way", async () => {
    const plan = await project.run("plan");
    expect(plan.stdout, story(plan)).toMatch(
      /^ec2: would make the security group bootmachine\.ecf-.*; would open .*tcp 2849 from anywhere, tcp 22 from anywhere; would close tcp 22 from anywhere once/m,
    );
    const up = await upOf(project);
    expect(changesOf(up)).toEqual([
      {
        opened: ["icmp from anywhere", "tcp 2849 from anywhere", "tcp 22 from anywhere"],
        closed: [],
      },
      { opened: [], closed: ["tcp 22 from anywhere"] },
    ]);
    expect(await openPorts(project)).toEqual(everywhere(2849));
    world.proxy.calls.length = 0;
    const again = await upOf(project);
    expect(changesOf(again)).toEqual([]);
    expect(world.proxy.count("DescribeSecurityGroups")).toBe(1);
  });

  it("the ssh port of one server changes: the others are still reached by the old one", async () => {
    await change(2222);
    const up = await project.run("up", "--yes", "--json", "--server", "web1");
    expect(up.status, story(up)).toBe(0);
    expect(await openPorts(project)).toEqual([...everywhere(2222), ...everywhere(2849)]);
    expect(warningsOf(up)).toEqual([
      expect.stringMatching(/^ec2 still lets in tcp 2849 from anywhere, because .* db1 /),
    ]);
    const old = await project.run("exec", "db1", "--", "true");
    expect(old.status, story(old)).toBe(0);
  });

  it("the ssh port of all has changed: the old one is closed, and all of it is proved", async () => {
    const up = await upOf(project);
    expect(changesOf(up)).toEqual([{ opened: [], closed: ["tcp 2849 from anywhere"] }]);
    expect(await openPorts(project)).toEqual(everywhere(2222));
    const verify = await project.run("verify");
    expect(verify.status, story(verify)).toBe(0);
  });

  it("a narrowing that leaves this computer out is refused by the hosts, and nothing is closed", async () => {
    await change(2222, [{ port: 2222, from: ["192.0.2.0/24"] }]);
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).not.toBe(0);
    expect(JSON.stringify(up.events)).toContain("SSH_SOURCE_REFUSED");
    expect(await openPorts(project)).toEqual([
      ...everywhere(2222).slice(0, 1),
      "2222 from 192.0.2.0/24",
      ...everywhere(2222).slice(1),
    ]);
    await change(2222);
    await upOf(project);
    expect(await openPorts(project)).toEqual(everywhere(2222));
  });

  it("port and narrowing change at once, by a way that is narrow in the end", async () => {
    await change(2323, [{ port: 2323, from: [real.network] }]);
    await upOf(project);
    expect(await openPorts(project)).toEqual([`2323 from ${real.network}`]);
    const again = await upOf(project);
    expect(changesOf(again)).toEqual([]);
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
