import { mkdir, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";

import { readCgroupLayout, removeCgroups, removeParentCgroup } from "./cgroups.ts";
import { runCommand } from "./command.ts";
import {
  discardMachine,
  listMachines,
  listRemains,
  type MachineRecord,
  writeMachine,
} from "./machine-store.ts";
import { removeNetwork } from "./network.ts";
import { removePackageCache } from "./package-cache-process.ts";
import type { LocalPaths } from "./paths.ts";
import { killMachineProcesses } from "./processes.ts";
import { isThere } from "./is-there.ts";

/** Ends and removes one machine. Call under the lock. */
export async function removeMachine(paths: LocalPaths, record: MachineRecord): Promise<void> {
  if (record.state !== "destroying") await writeMachine(paths, { ...record, state: "destroying" });
  await killMachineProcesses(record.uuid);
  await runCommand(["ip", "link", "delete", `vb-${record.id}`], { allowFailure: true });
  await removeCgroups(await readCgroupLayout(), paths.cgroup, record.id);
  await removeTree(await discardMachine(paths, record));
  await rmdir(join(paths.machines, record.stack)).catch(() => undefined);
}

/** What all servers share goes with the last one. Call under the lock. */
export async function removeShared(paths: LocalPaths): Promise<void> {
  for (const remains of await listRemains(paths)) await removeTree(remains);
  if ((await listMachines(paths)).length > 0) return;
  await removePackageCache(paths);
  await removeNetwork(paths);
  await removeParentCgroup(await readCgroupLayout(), paths.cgroup);
  await rmdir(paths.machines).catch(() => undefined);
  await removeState(paths);
  if (dirname(paths.state) === "/var/lib/bootmachine")
    await rmdir(dirname(paths.state)).catch(() => undefined);
}

/** How often the lock file of an ended controller is removed again. */
const MAX_LATE_LOCKS = 20;

/**
 * Removes the lock and the directory around it. A controller that was killed a moment ago may have left a lock holder that
 * begins only now, and makes its file anew: then once more. A living one takes a new lock.
 */
async function removeState(paths: LocalPaths): Promise<void> {
  for (let tries = 0; tries < MAX_LATE_LOCKS; tries += 1) {
    await rm(paths.lock, { force: true });
    const isGone = await rmdir(paths.state).then(
      () => true,
      () => false,
    );
    if (isGone || !(await isThere(paths.lock))) return;
  }
}

export async function removeTree(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await runCommand(["rm", "-rf", "--one-file-system", path], { timeoutMs: 300_000 });
}
