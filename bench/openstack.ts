import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { ControlPlane } from "../test/lab/openstack/control-plane.ts";
import { OpenStackSimulator } from "../test/simulators/openstack/openstack-simulator.ts";
import { measure, measureGood, median } from "./measure.ts";

const HANDWRITTEN = join(import.meta.dirname, "handwritten-openstack.ts");
const RUNS = 3;

export interface OpenStackResults {
  /** Ten servers at a real control plane. */
  readonly real: {
    readonly servers: number;
    readonly oursMs: number;
    readonly handwrittenMs: number;
    readonly calls: number;
    readonly runs: number;
  };
  /** Many servers at a simulated one that counts calls. */
  readonly underLimit?: {
    readonly servers: number;
    /** So many calls in any such time; more are refused. */
    readonly limit: { readonly calls: number; readonly windowMs: number };
    readonly oursMs: number;
    readonly floorMs: number;
    readonly calls: number;
    readonly refused: number;
    /** Of a client that asks for each server by itself every second: that the limit can be reached. */
    readonly each: { readonly calls: number; readonly refused: number };
  };
}

/** @param main The built command. */
export async function measureOpenStack(main: string, servers: number): Promise<OpenStackResults> {
  return { underLimit: await measureUnderLimit(main), real: await measureReal(main, servers) };
}

/** In turns, each from no server to all of them active with an address; in between nothing is left. */
async function measureReal(main: string, servers: number): Promise<OpenStackResults["real"]> {
  const plane = await ControlPlane.start();
  try {
    const ours: number[] = [];
    const handwritten: number[] = [];
    const calls: number[] = [];
    const environment = plane.environment();
    // The first one warms up what both use.
    for (let run = 0; run <= RUNS; run += 1) {
      const byHand = await measureGood(
        process.execPath,
        [HANDWRITTEN, "hand", String(servers), "debian-12", "m1.small", "private"],
        { env: environment },
      );
      await removeAll(plane);
      const { ms, callCount } = await bootOnce(main, environment, servers, plane);
      await removeAll(plane);
      if (run === 0) continue;
      handwritten.push(byHand.ms);
      ours.push(ms);
      calls.push(callCount);
    }
    return {
      servers,
      oursMs: median(ours),
      handwrittenMs: median(handwritten),
      calls: Math.max(...calls),
      runs: RUNS,
    };
  } finally {
    await plane.stop();
  }
}

async function bootOnce(
  main: string,
  environment: Readonly<Record<string, string>>,
  servers: number,
  plane: ControlPlane,
): Promise<{ readonly ms: number; readonly callCount: number }> {
  return await withConfig({ size: "m1.small" }, servers, async (directory) => {
    plane.front.reset();
    const { ms } = await measureGood(process.execPath, [main, "boot", "--yes"], {
      cwd: directory,
      env: environment,
    });
    const callCount = plane.front.calls.length;
    await measureGood(process.execPath, [main, "destroy", "--yes"], {
      cwd: directory,
      env: environment,
    });
    return { ms, callCount };
  });
}

/** Servers that no command of ours made, and what is still on its way out. */
async function removeAll({ admin }: ControlPlane): Promise<void> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const servers = await admin.list<{ id: string }>(
      "compute",
      "/v2.1/servers?all_tenants=1",
      "servers",
    );
    if (servers.length === 0) break;
    if (Date.now() > deadline) throw new Error("servers do not go away");
    for (const { id } of servers) await admin.ask("DELETE", "compute", `/v2.1/servers/${id}`);
    await sleep(500);
  }
  // Let the services come to rest: what they do afterwards belongs to neither side.
  await sleep(2000);
}

/**
 * 3600 calls an hour, counted in five minutes instead of sixty: a boot that takes half a minute would never come near the
 * calls of a whole hour, and could waste any number of them.
 */
const LIMITED = {
  servers: 200,
  limit: { calls: 300, windowMs: 300_000 },
  buildMs: 30_000,
  latencyMs: 100,
};

/**
 * The floor: a server's building, and before it the calls that no client can save or do beside each other: login,
 * versions, what there is, the security group, the create; then the look that shows it.
 */
async function measureUnderLimit(
  main: string,
): Promise<NonNullable<OpenStackResults["underLimit"]>> {
  const { servers, limit, buildMs, latencyMs } = LIMITED;
  const ours = await withLimit(async (cloud) =>
    withConfig({ size: "m1.small" }, servers, async (directory) =>
      measureGood(process.execPath, [main, "boot", "--yes", "--concurrency", String(servers)], {
        cwd: directory,
        env: cloud.environment,
      }),
    ),
  );
  const each = await withLimit(async (cloud) =>
    measure(
      process.execPath,
      [HANDWRITTEN, "hand", String(servers), "debian-12", "m1.small", "private", "each"],
      { env: { ...cloud.environment, OS_AUTH_URL: `${cloud.environment["OS_AUTH_URL"]}/v3` } },
    ),
  );
  if (each.calls < servers)
    throw new Error(`The other client fails by itself: ${each.result.output}`);
  return {
    servers,
    limit,
    oursMs: ours.result.ms,
    floorMs: buildMs + 6 * latencyMs,
    calls: ours.calls,
    refused: ours.refused,
    each: { calls: each.calls, refused: each.refused },
  };
}

interface Counted<T> {
  readonly result: T;
  readonly calls: number;
  readonly refused: number;
}

/** With a simulator of its own, so that nobody uses up what another has. */
async function withLimit<T>(work: (cloud: OpenStackSimulator) => Promise<T>): Promise<Counted<T>> {
  const { limit, buildMs, latencyMs } = LIMITED;
  const cloud = await OpenStackSimulator.start({ limit, buildMs, latencyMs });
  try {
    const result = await work(cloud);
    return { result, calls: cloud.calls.length, refused: cloud.refused };
  } finally {
    await cloud.close();
  }
}

async function withConfig<T>(
  provider: Readonly<Record<string, unknown>>,
  count: number,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "bmb-"));
  try {
    await measureGood("ssh-keygen", [
      "-q",
      "-t",
      "ed25519",
      "-N",
      "",
      "-C",
      "bench",
      "-f",
      join(directory, "key"),
    ]);
    writeFileSync(
      join(directory, "bootmachine.config.yaml"),
      JSON.stringify({
        name: "bench",
        provider: { name: "openstack", image: "debian-12", networks: ["private"], ...provider },
        ssh: { identityFile: "./key", configFile: "none" },
        users: [{ name: "ada", sudo: "nopasswd", keys: ["./key.pub"] }],
        servers: [{ name: "s", count }],
      }),
    );
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
