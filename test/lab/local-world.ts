import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import type { MachineRequest, ProviderContext } from "../../src/providers/contract.ts";
import { runCommand } from "../../src/providers/local/command.ts";
import { local } from "../../src/providers/local/local.ts";
import type { LocalProvider } from "../../src/providers/local/local-provider.ts";
import { localOptionsSchema, type LocalOptions } from "../../src/providers/local/options.ts";
import { localPaths, type LocalPaths } from "../../src/providers/local/paths.ts";

/** Ends a child without mercy; what it printed stands in the error when it had failed by itself. */
export async function killChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null && child.exitCode !== 0) {
    throw new Error(`the child failed: ${String(child.stderr?.read())}`);
  }
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

/** A local provider with a state directory, a bridge and a network of its own: what it leaves can be told from others'. */
export interface LocalWorld {
  readonly options: LocalOptions;
  readonly provider: LocalProvider;
  readonly paths: LocalPaths;
  context(stack: string): ProviderContext;
  request(server: string, more?: Partial<MachineRequest>): MachineRequest;
  /** Runs `ensure` in a process of its own, which can be killed. */
  ensureInChild(stack: string, request: MachineRequest): ChildProcess;
  /** Everything of this world that is on the computer now. */
  traces(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

const CHILD = `
  const { options, stack, request } = JSON.parse(process.env.TEST_INPUT);
  const { local } = await import(${JSON.stringify(new URL("../../src/providers/local/local.ts", import.meta.url).href)});
  const signal = AbortSignal.timeout(120000);
  await local(options).ensure(request, { stack, signal, progress: () => undefined });
`;

const TEST_KEY =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE4ZZK9uSNyS1SrVlSbNTkpu6eEUYAU93CDHXZTgGxfG test";

export async function makeLocalWorld(more: LocalOptions = {}): Promise<LocalWorld> {
  const base = await mkdtemp("/var/tmp/bootmachine-test-");
  const options: LocalOptions = { stateDirectory: join(base, "state"), ...more };
  const paths = localPaths(localOptionsSchema.parse(options));
  return {
    options,
    provider: local(options),
    paths,
    context: (stack) => ({
      stack,
      signal: AbortSignal.timeout(240_000),
      progress: () => undefined,
    }),
    request: (server, request = {}) => ({
      server,
      roles: [],
      image: "debian-12",
      bootstrapKeys: [TEST_KEY],
      token: "token",
      ...request,
    }),
    ensureInChild: (stack, request) =>
      spawn(process.execPath, ["--input-type=module", "-e", CHILD], {
        stdio: ["ignore", "ignore", "pipe"],
        env: { ...process.env, TEST_INPUT: JSON.stringify({ options, stack, request }) },
      }),
    traces: async () => await findTraces(base, paths),
    remove: async () => await rm(base, { recursive: true, force: true }),
  };
}

async function findTraces(base: string, paths: LocalPaths): Promise<readonly string[]> {
  const traces: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^[0-9]+$/.test(name))) {
    const own = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
    const line = await readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => "");
    const mounts = await readFile(`/proc/${pid}/mountinfo`, "latin1").catch(() => "");
    const isOurs = own.includes(`BM_DIR=${base}`) || line.includes(base) || mounts.includes(base);
    if (isOurs && Number(pid) !== process.pid) {
      traces.push(`process ${pid} ${line.replaceAll("\0", " ")}`);
    }
  }
  const links = (await runCommand(["ip", "-o", "link", "show"])).stdout.split("\n");
  traces.push(...links.filter((line) => line.includes(`: ${paths.bridge}`)));
  traces.push(...links.filter((line) => line.includes(`master ${paths.bridge} `)));
  const tables = (await runCommand(["nft", "list", "tables"])).stdout.split("\n");
  traces.push(...tables.filter((line) => line.endsWith(` ${paths.nftTable}`)));
  for (const tree of ["", "systemd", "unified", "memory", "cpu", "pids"]) {
    const groups = await readdir(join("/sys/fs/cgroup", tree)).catch((): string[] => []);
    if (groups.includes(paths.cgroup)) traces.push(`cgroup ${tree}/${paths.cgroup}`);
  }
  traces.push(...(await readdir(base, { recursive: true })).map((name) => `file ${name}`));
  return traces;
}
