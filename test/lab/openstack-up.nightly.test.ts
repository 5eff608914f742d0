import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { FleetEvent } from "../../src/fleet/events.ts";
import { firstBootData } from "../../src/host/first-boot-data.ts";
import { makeKeyPair } from "../../src/host/key-pair.ts";
import { runCommand } from "../../src/providers/local/command.ts";
import { ControlPlane } from "./openstack/control-plane.ts";
import { createProject, heldFor } from "./openstack/openstack-project.ts";
import { startRealServers } from "./openstack/real-servers.ts";
import type { RecordServers, ServerRecord } from "./record-servers.ts";
import { type CommandResult, type StackProject, story } from "./stack-project.ts";
import { tested } from "./tested.ts";

const SERVERS = [
  { name: "web1", roles: ["web"] },
  { name: "db1", roles: ["db"] },
];

tested({
  what: "openstack: up to destroy",
  how: "real",
  on: ["OpenStack Zed", "Debian 12"],
  note: "nova's own fake compute driver; each of its servers is a local one with that user-data at that address",
});

let plane: ControlPlane;
let real: RecordServers;
const jump = { hostKey: makeKeyPair(), address: "" };
beforeAll(async () => {
  plane = await ControlPlane.start();
  jump.address = plane.plan.network.replace(/0\/24$/, "250");
  real = await startRealServers(plane, others);
}, 900_000);
afterAll(async () => {
  await real.stop();
  await plane.stop();
});

/** Filled by the test that needs one. */
const others: ServerRecord[] = [];

function proofsOf(events: readonly FleetEvent[]): readonly string[] {
  return [...new Set(events.flatMap((event) => (event.type === "identity" ? [event.proof] : [])))];
}

async function upOf(project: StackProject): Promise<CommandResult> {
  const up = await project.run("up", "--yes", "--json");
  expect(up.status, story(up)).toBe(0);
  return up;
}

describe("a stack at a real OpenStack", () => {
  let project: StackProject;
  beforeAll(async () => {
    project = await createProject(plane, "os", SERVERS);
  });
  afterAll(async () => await project.remove());

  it("is booted, proved and secured", async () => {
    const up = await upOf(project);
    expect(proofsOf(up.events)).toContain("injected");
    expect(up.events.at(-1)).toMatchObject({ type: "run-ended", outcome: "ok" });
    const { servers } = await heldFor(plane, project.name);
    expect(servers.map(({ name }) => name).toSorted()).toEqual(
      ["db1", "web1"].map((name) => `${project.name}.${name}`),
    );
  });

  it("the injected key was replaced, and every controller finds the new one in the metadata", async () => {
    const { servers } = await heldFor(plane, project.name);
    for (const { metadata } of servers) {
      const server = metadata["bootmachine-server"] as string;
      const { stdout } = await project.onServer(
        server,
        "cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub",
      );
      expect(metadata["bootmachine-host-key"], server).toBe(stdout.split("\n")[0]);
      expect(metadata["bootmachine-host-proof"], server).toBe("published");
      expect(await project.readState("known_hosts")).toContain(stdout.split("\n")[0]);
    }
  });

  it("a second run changes nothing, and has the keys of the metadata as proof", async () => {
    const up = await upOf(project);
    expect(proofsOf(up.events)).toEqual(["published"]);
    expect(up.events.at(-1)).toMatchObject({
      servers: [{ outcome: "unchanged" }, { outcome: "unchanged" }],
    });
  });

  it("verify proves it, status shows it, and the console log is the server's own", async () => {
    const verify = await project.run("verify");
    expect(verify.status, story(verify)).toBe(0);
    const status = await project.run("status", "--json");
    expect(status.stdout.match(/"status":\s*"running"/g), story(status)).toHaveLength(2);
    const console = await project.run("console", "web1");
    expect(console.stdout, story(console)).toMatch(/cloud-init.*finished/i);
  });

  it("reboots softly by itself, and hard by Nova; both are proved", async () => {
    const soft = await project.run("reboot", "--yes", "--server", "web1");
    expect(soft.status, story(soft)).toBe(0);
    plane.front.calls.length = 0;
    const hard = await project.run("reboot", "--yes", "--hard", "--server", "web1");
    expect(hard.status, story(hard)).toBe(0);
    expect(plane.front.count(/^POST .*\/action$/)).toBe(1);
    const { servers } = await heldFor(plane, project.name);
    expect(servers.map(({ status }) => status)).toEqual(["ACTIVE", "ACTIVE"]);
  });

  it("the journal names every call, and holds no secret", async () => {
    const events = (await project.run("up", "--yes", "--json")).events;
    const calls = events.filter((event) => event.type === "provider-call");
    expect(calls.length).toBeGreaterThan(1);
    expect(JSON.stringify(events)).not.toContain(plane.plan.password);
  });

  it("another stack of the project with the same server names is another stack", async () => {
    const other = await createProject(plane, "os", SERVERS.slice(0, 1));
    try {
      await upOf(other);
      const before = await heldFor(plane, project.name);
      const destroy = await other.run("destroy", "--yes");
      expect(destroy.status, story(destroy)).toBe(0);
      expect(await heldFor(plane, other.name)).toEqual({ servers: [], others: [] });
      expect(await heldFor(plane, project.name)).toEqual(before);
      const verify = await project.run("verify");
      expect(verify.status, story(verify)).toBe(0);
    } finally {
      await other.remove();
    }
  });

  it("destroy leaves nothing behind", async () => {
    const destroy = await project.run("destroy", "--yes");
    expect(destroy.status, story(destroy)).toBe(0);
    expect(await heldFor(plane, project.name)).toEqual({ servers: [], others: [] });
    await expect.poll(() => real.ids, { timeout: 60_000 }).toEqual([]);
  });
});

describe("host keys", () => {
  it("console: the server's own key is read in the console log", async () => {
    const project = await createProject(plane, "oc", SERVERS.slice(0, 1), {
      hostIdentity: "console",
    });
    try {
      const up = await upOf(project);
      expect(proofsOf(up.events)).toEqual(["console"]);
      expect(up.events.at(-1)).toMatchObject({ outcome: "ok" });
    } finally {
      await project.remove();
    }
  });

  it("an address that comes again with another key: the new key is proved, the old one forgotten", async () => {
    const project = await createProject(plane, "oa", SERVERS.slice(0, 1), {
      networks: ["single"],
    });
    const look = async (): Promise<readonly (string | undefined)[]> => [
      (await upOf(project)).events.find((event) => event.type === "reached")?.address,
      await project.readState("known_hosts"),
    ];
    try {
      const [address, known] = await look();
      // From outside: nobody tells this controller.
      const { servers } = await heldFor(plane, project.name);
      for (const { id } of servers)
        await plane.admin.call("DELETE", "compute", `/v2.1/servers/${id}`);
      await expect
        .poll(async () => (await heldFor(plane, project.name)).servers, { timeout: 60_000 })
        .toEqual([]);
      const [again, knownNow] = await look();
      expect(again).toBe(address);
      expect(knownNow).not.toBe(known);
      expect(knownNow?.trim().split("\n")).toHaveLength(known?.trim().split("\n").length ?? 0);
    } finally {
      await project.remove();
    }
  });
});

describe("a private network", () => {
  const table = `bm_jump_${randomBytes(3).toString("hex")}`;
  let project: StackProject;
  beforeAll(async () => {
    project = await createProject(plane, "oj", SERVERS.slice(0, 1));
    const key = (await readFile(join(project.directory, "id.pub"), "utf8")).trim();
    const { address, hostKey } = jump;
    const userData = firstBootData({ bootstrapKeys: [key], hostKey, nonce: "jump" });
    others.push({ id: "jump", address, userData, hostname: "jump" });
    await writeFile(join(project.directory, "known"), `${address} ${hostKey.publicKey}\n`);
    await writeFile(
      join(project.directory, "ssh_config"),
      [
        `Host ${address}`,
        "  User debian",
        `  IdentityFile ${join(project.directory, "id")}`,
        "  IdentitiesOnly yes",
        `  UserKnownHostsFile ${join(project.directory, "known")}`,
        "",
      ].join("\n"),
    );
    project.config = {
      ...project.config,
      ssh: {
        ...(project.config["ssh"] as object),
        jumpHost: address,
        configFile: "./ssh_config",
      },
    };
    await project.write();
    // From this computer only the jump host can be reached.
    await runCommand(["nft", "-f", "-"], {
      stdin: `table inet ${table} {
  chain output {
    type filter hook output priority filter; policy accept;
    ct state established,related accept
    ip daddr ${plane.plan.network} ip daddr != ${address} reject with icmpx admin-prohibited
  }
}
`,
    });
  });
  afterAll(async () => {
    await runCommand(["nft", "delete", "table", "inet", table]);
    await project.remove();
  });

  it("is reached through a jump host", async () => {
    await expect
      .poll(
        async () =>
          (
            await runCommand(
              [
                "ssh",
                "-F",
                join(project.directory, "ssh_config"),
                "-o",
                "BatchMode=yes",
                jump.address,
                "true",
              ],
              { allowFailure: true },
            )
          ).status,
        { timeout: 180_000, interval: 1000 },
      )
      .toBe(0);
    const up = await upOf(project);
    expect(proofsOf(up.events)).toContain("injected");
    await upOf(project);
  });
});
