import { spawn } from "node:child_process";
import { access, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CancelledError, ProviderError, TimeoutError } from "../../errors/error.ts";
import type { SizeInfo } from "../contract.ts";
import { makeCgroups, readCgroupLayout } from "./cgroups.ts";
import { runCommand, SYSTEM_PATH } from "./command.ts";
import type { MachineRecord } from "./machine-store.ts";
import type { LocalNetwork } from "./network.ts";
import { gatewayOf, parseNetwork } from "./network-plan.ts";
import { machineDirectory, type LocalPaths } from "./paths.ts";
import {
  hasInEnvironment,
  kill,
  killMachineProcesses,
  readLiveMark,
  type ProcessMark,
} from "./processes.ts";
import { findSize } from "./sizes.ts";
import { SUPERVISOR_SCRIPT } from "./supervisor-script.ts";

export type RunState =
  | { readonly kind: "running" }
  | { readonly kind: "stopped" }
  /** It ended with another status than 0; `detail` says which, or why it could not start. */
  | { readonly kind: "failed"; readonly detail: string };

export async function readRunState(directory: string): Promise<RunState> {
  if ((await readLiveMark(join(directory, "supervisor"))) !== undefined) return { kind: "running" };
  const exit = (await readFile(join(directory, "exit"), "utf8").catch(() => "")).trim();
  if (exit === "" || exit === "0") return { kind: "stopped" };
  return {
    kind: "failed",
    detail: /^[0-9]+$/.test(exit) ? `systemd-nspawn ended with status ${exit}` : exit,
  };
}

/** Starts the server unless it runs. Call under the lock. */
export async function startServer(
  paths: LocalPaths,
  record: MachineRecord,
  network: LocalNetwork,
  signal: AbortSignal,
): Promise<void> {
  const directory = machineDirectory(paths, record.stack, record.server);
  if ((await readRunState(directory)).kind === "running") return;
  // A server whose supervisor was killed may still run by itself, unwatched: it must not get a twin on the same disk.
  await killMachineProcesses(record.uuid);
  await rm(join(directory, "exit"), { force: true });
  await rm(join(directory, "leader"), { force: true });
  const script = join(directory, "supervise.sh");
  await writeFile(script, SUPERVISOR_SCRIPT, { mode: 0o700 });
  const size = findSize(record.size) ?? { name: "unlimited", cpus: 0, memoryMb: 0 };
  const isSystemd = await isUnderSystemd();
  const groups = isSystemd ? ["delegated"] : await makeServerGroups(paths, record, size);
  const environment = {
    PATH: SYSTEM_PATH,
    BM_DIR: directory,
    BM_ID: record.id,
    BM_UUID: record.uuid,
    BM_HOSTNAME: record.server,
    BM_IMAGE: record.imageDirectory,
    BM_BRIDGE: network.bridge,
    BM_MTU: String(network.mtu),
    BM_IPV4: `${record.address}/${parseNetwork(network.network).prefixLength}`,
    BM_GATEWAY: gatewayOf(network.network),
    BM_IPV6: `${record.address6}/64`,
    BM_CGROUPS: groups.join(" "),
  };
  if (isSystemd) return await startUnit(record, size, environment, script, signal);
  const child = spawn("unshare", ["--mount", "sh", script], {
    cwd: "/",
    detached: true,
    stdio: "ignore",
    env: environment,
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  child.unref();
}

/** Waits until the server's process 1 runs with its network; the ssh server follows a moment later. */
export async function waitUntilStarted(
  directory: string,
  server: string,
  signal: AbortSignal,
): Promise<void> {
  const limitMs = 60_000;
  const deadline = Date.now() + limitMs;
  for (;;) {
    if (signal.aborted) throw new CancelledError();
    const leader = await readLeader(directory);
    // Before it became the server's init, process 1 is systemd-nspawn's own, and may yet find that it cannot.
    if (leader !== undefined && (await hasInEnvironment(leader.pid, "container_uuid="))) return;
    const state = await readRunState(directory);
    if (state.kind === "failed") {
      const tail = (await readConsole(directory)).trim().split("\n").slice(-6).join("\n");
      throw new ProviderError(
        "MACHINE_FAILED",
        `${server} did not start: ${state.detail}. Its console: ${tail}`,
        {
          server,
        },
      );
    }
    if (Date.now() > deadline)
      throw new TimeoutError(`${server} did not start within 60 s.`, limitMs, { server });
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** Soft: the server's own systemd reboots it. Hard: its process 1 is killed. The supervisor starts it again. */
export async function rebootServer(directory: string, how: "soft" | "hard"): Promise<boolean> {
  const leader = await readLeader(directory);
  if (leader === undefined) return false;
  if (how === "hard") {
    await writeFile(join(directory, "restart"), "");
    return await kill(leader, "SIGKILL");
  }
  return await kill(leader, REBOOT_SIGNAL);
}

/** SIGRTMIN+5: systemd's process 1 starts its reboot target. */
const REBOOT_SIGNAL = 39;

export async function readLeader(directory: string): Promise<ProcessMark | undefined> {
  return await readLiveMark(join(directory, "leader"));
}

/** The console log, oldest line first; at most about two megabytes are kept. */
export async function readConsole(directory: string): Promise<string> {
  const older = await readFile(join(directory, "console.1"), "utf8").catch(() => "");
  const newer = await readFile(join(directory, "console"), "utf8").catch(() => "");
  return (older + newer).replace(/\r\n/g, "\n");
}

/** With systemd as process 1, a server gets a unit of its own: a logout or the end of the calling service leaves it alone. */
export async function isUnderSystemd(): Promise<boolean> {
  return await access("/run/systemd/system").then(
    () => true,
    () => false,
  );
}

async function startUnit(
  record: MachineRecord,
  size: SizeInfo,
  environment: Readonly<Record<string, string>>,
  script: string,
  signal: AbortSignal,
): Promise<void> {
  const properties = ["Delegate=yes", "KillMode=mixed", "TimeoutStopSec=60", "TasksMax=infinity"];
  if (size.memoryMb > 0) properties.push(`MemoryMax=${size.memoryMb}M`);
  if (size.cpus > 0) properties.push(`CPUQuota=${size.cpus * 100}%`);
  await runCommand(
    [
      "systemd-run",
      "--quiet",
      "--collect",
      `--unit=bootmachine-${record.id}`,
      `--description=bootmachine: ${record.stack}/${record.server}`,
      ...properties.map((property) => `--property=${property}`),
      ...Object.entries(environment).map(([name, value]) => `--setenv=${name}=${value}`),
      "unshare",
      "--mount",
      "sh",
      script,
    ],
    { signal },
  );
}

async function makeServerGroups(
  paths: LocalPaths,
  record: MachineRecord,
  size: SizeInfo,
): Promise<readonly string[]> {
  return await makeCgroups(await readCgroupLayout(), paths.cgroup, record.id, size);
}
