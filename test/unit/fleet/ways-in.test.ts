import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { statePathsOf } from "../../../src/fleet/state-paths.ts";
import { addressesOf, likeliestWay, waysIn } from "../../../src/fleet/ways-in.ts";
import { makeKeyPair } from "../../../src/host/key-pair.ts";
import type { Machine } from "../../../src/providers/contract.ts";
import type { Server, Stack } from "../../../src/stack/stack.ts";
import { OpenStackSimulator } from "../../simulators/openstack/openstack-simulator.ts";
import { startProgram } from "../cli/start-program.ts";

const SIX = "2001:db8::7";
const FOUR = "10.91.0.7";

describe("of several addresses", () => {
  const machine = {
    publicAddresses: [FOUR, SIX],
    login: { user: "debian", port: 22 },
  } as unknown as Machine;
  const server = { name: "web", ssh: { port: 2849 }, firewall: [] } as unknown as Server;
  const stack = { operator: "ada" } as Stack;
  const recordOf = (address: string | undefined) => ({
    machineId: "m",
    proof: "published" as const,
    keys: [],
    way: { user: "ada", port: 2849, ...(address === undefined ? {} : { address }) },
  });

  test("the one by which the server was reached last comes first, and no other is forgotten", () => {
    expect(addressesOf(server, machine, recordOf(SIX))).toEqual([SIX, FOUR]);
    expect(addressesOf(server, machine, recordOf(FOUR))).toEqual([FOUR, SIX]);
    const ways = waysIn(stack, server, machine, recordOf(SIX), false);
    expect(ways.map(({ user, address, port }) => `${user} ${address} ${port}`)).toEqual([
      `ada ${SIX} 2849`,
      `debian ${SIX} 22`,
      `ada ${FOUR} 2849`,
      `debian ${FOUR} 22`,
    ]);
    expect(likeliestWay(stack, server, machine, recordOf(SIX))).toEqual({
      server: "web",
      address: SIX,
      port: 2849,
      user: "ada",
    });
  });

  test.each([
    ["nothing is known", undefined],
    ["an older version kept none", recordOf(undefined)],
    ["the machine has it no more", recordOf("10.91.0.99")],
  ])("the provider's order counts where %s", (_what, record) => {
    expect(addressesOf(server, machine, record)).toEqual([FOUR, SIX]);
    expect(likeliestWay(stack, server, machine, record)?.address).toBe(FOUR);
  });
});

describe("where the config names the sources of logins", () => {
  const machine = {
    publicAddresses: [SIX, FOUR],
    login: { user: "debian", port: 22 },
  } as unknown as Machine;
  const openTo = (...openings: readonly unknown[]) =>
    ({ name: "web", ssh: { port: 2849 }, firewall: openings }) as unknown as Server;
  const ssh = (from: unknown) => ({ port: 2849, protocol: "tcp", from });
  const bySix = { way: { user: "ada", port: 2849, address: SIX } };

  test("an address of the other family comes last, by whichever the server was reached last", () => {
    expect(addressesOf(openTo(ssh(["192.0.2.0/24"])), machine, bySix)).toEqual([FOUR, SIX]);
    expect(addressesOf(openTo(ssh(["192.0.2.1", "2001:db8::/32"])), machine, bySix)).toEqual([
      SIX,
      FOUR,
    ]);
  });

  test.each([
    ["anybody may log in", [ssh("anywhere"), ssh(["192.0.2.1"])]],
    ["the members alone are named", [ssh("stack")]],
    ["another port is meant", [{ ...ssh(["192.0.2.1"]), port: 80 }]],
  ])("the last one stays the first where %s", (_what, openings) => {
    expect(addressesOf(openTo(...openings), machine, bySix)).toEqual([SIX, FOUR]);
  });

  test("a name may have addresses of both", () => {
    const named = { publicAddresses: ["web.example.org", FOUR] };
    expect(addressesOf(openTo(ssh(["192.0.2.1"])), named, undefined)).toEqual(
      named.publicAddresses,
    );
  });
});

describe("from the config to what ssh is told, at a simulated OpenStack", () => {
  let cloud: OpenStackSimulator;
  let directory: string;
  beforeEach(async () => {
    cloud = await OpenStackSimulator.start();
    directory = await mkdtemp(join(tmpdir(), "ways-in-"));
    const pair = makeKeyPair("bootmachine tests");
    await writeFile(join(directory, "key"), pair.privateKey, { mode: 0o600 });
    await writeFile(join(directory, "key.pub"), `${pair.publicKey}\n`);
    // The user's own ssh, which keeps what it was told.
    const real = spawnSync("sh", ["-c", "command -v ssh"], { encoding: "utf8" }).stdout.trim();
    await writeFile(
      join(directory, "ssh"),
      `#!/bin/sh\nprintf '%s\\n' "$*" >>'${directory}/told'\nexec '${real}' "$@"\n`,
      { mode: 0o755 },
    );
  });
  afterEach(async () => {
    await cloud.close();
    await rm(directory, { recursive: true });
  });

  /** Boots a server and tries to come in: nobody answers. */
  const comeIn = async (ssh: object) => {
    const config = {
      name: "shop",
      provider: { name: "openstack", image: "debian-12", networks: ["private"], pollMs: 20 },
      ssh: {
        identityFile: "./key",
        configFile: "none",
        readyTimeoutSeconds: 1,
        connectTimeoutSeconds: 1,
        ...ssh,
      },
      users: [{ name: "ada", sudo: "nopasswd", keys: ["./key.pub"] }],
      servers: [{ name: "web1", size: "m1.small" }],
    };
    await writeFile(join(directory, "bootmachine.config.json"), JSON.stringify(config));
    const env = { ...cloud.environment, PATH: `${directory}:${process.env["PATH"]}` };
    const came = await startProgram(["up", "--yes"], directory, env).result;
    expect(came.status, `${came.stdout}${came.stderr}`).toBe(1);
    const paths = statePathsOf({ name: "shop", directory } as Stack);
    const { stdout: read } = spawnSync("ssh", ["-G", "-F", paths.sshConfig, "web1"], {
      encoding: "utf8",
    });
    return {
      told: (await readFile(join(directory, "told"), "utf8")).split("\n"),
      knownHosts: await readFile(paths.knownHosts, "utf8"),
      settings: read.split("\n"),
      said: `${came.stdout}${came.stderr}`,
    };
  };

  test("a server whose only address is of IPv6", async () => {
    cloud.project.families.set("private", [6]);
    // Where nobody listens on the port of the first login, or shows another key.
    cloud.project.nextAddressIs("::1");
    const { told, knownHosts, settings } = await comeIn({});
    const sessions = told.filter((line) => line.includes("HostKeyAlias=shop.web1"));
    expect(sessions.length).toBeGreaterThan(0);
    for (const line of sessions) expect(line).toMatch(/ -p (22|\d{4}) -l (debian|ada) -- ::1 /);
    // By name, whatever the address: there is nothing to put into brackets.
    expect(knownHosts).toMatch(/^shop\.web1 ssh-ed25519 \S+\n$/);
    expect(settings).toEqual(expect.arrayContaining(["hostname ::1", "hostkeyalias shop.web1"]));
  });

  test("a private network behind a jump host, itself of IPv6", async () => {
    const jumpHost = "ada@[::1]:9";
    const { told, settings, said } = await comeIn({ jumpHost });
    const [address] = cloud.project.servers.map((server) => server.address);
    const sessions = told.filter((line) => line.includes("HostKeyAlias=shop.web1"));
    expect(sessions.length).toBeGreaterThan(0);
    for (const line of sessions) expect(line).toContain(`-J ${jumpHost} `);
    for (const line of sessions) expect(line).toContain(` -- ${address} `);
    expect(settings).toEqual(
      expect.arrayContaining([`hostname ${address}`, `proxyjump ${jumpHost}`]),
    );
    expect(said).toContain(jumpHost);
  });
});
