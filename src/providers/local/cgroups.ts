import { mkdir, readFile, readdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SizeInfo } from "../contract.ts";
import { isThere } from "./is-there.ts";

/** How this computer groups processes. */
export type CgroupLayout =
  /** One hierarchy (version 2). */
  | { readonly kind: "unified"; readonly root: string }
  /** Version 1 controllers, each a tree of its own; `trees` has those that are mounted. */
  | { readonly kind: "split"; readonly trees: Readonly<Record<string, string>> }
  | { readonly kind: "none" };

/** A server must have its own place in these, or the systemd of one server would share units' groups with another's. */
const SPLIT_TREES = ["systemd", "unified", "memory", "cpu", "pids"] as const;

export async function readCgroupLayout(root = "/sys/fs/cgroup"): Promise<CgroupLayout> {
  if (await isThere(join(root, "cgroup.controllers"))) return { kind: "unified", root };
  const trees: Record<string, string> = {};
  for (const name of SPLIT_TREES) {
    if (await isThere(join(root, name, "cgroup.procs"))) trees[name] = join(root, name);
  }
  return Object.keys(trees).length === 0 ? { kind: "none" } : { kind: "split", trees };
}

/** Makes a server's groups with the size's limits; returns the directories to enter. What the computer does not allow is left out. */
export async function makeCgroups(
  layout: CgroupLayout,
  parent: string,
  id: string,
  size: SizeInfo,
): Promise<readonly string[]> {
  if (layout.kind === "none") return [];
  if (layout.kind === "unified") {
    const above = join(layout.root, parent);
    const directory = join(above, id);
    if (!(await make(above))) return [];
    for (const group of [layout.root, above]) {
      for (const controller of ["+memory", "+cpu", "+pids"]) {
        await attempt(join(group, "cgroup.subtree_control"), controller);
      }
    }
    if (!(await make(directory))) return [];
    await attempt(join(directory, "memory.max"), size.memoryMb === 0 ? "max" : bytes(size));
    await attempt(
      join(directory, "cpu.max"),
      size.cpus === 0 ? "max" : `${size.cpus * 100_000} 100000`,
    );
    return [directory];
  }
  const made: string[] = [];
  for (const [name, root] of Object.entries(layout.trees)) {
    const directory = join(root, parent, id);
    if (!(await make(join(root, parent))) || !(await make(directory))) continue;
    if (name === "memory") {
      await attempt(
        join(directory, "memory.limit_in_bytes"),
        size.memoryMb === 0 ? "-1" : bytes(size),
      );
    }
    if (name === "cpu") {
      await attempt(join(directory, "cpu.cfs_period_us"), "100000");
      await attempt(
        join(directory, "cpu.cfs_quota_us"),
        size.cpus === 0 ? "-1" : String(size.cpus * 100_000),
      );
    }
    made.push(directory);
  }
  return made;
}

/** Why sizes have no effect on this computer; undefined when they have. */
export function limitsNote(layout: CgroupLayout): string | undefined {
  if (layout.kind === "none") return "not enforced: this computer has no control groups";
  if (layout.kind === "unified") return undefined;
  const missing = ["memory", "cpu"].filter((name) => layout.trees[name] === undefined);
  return missing.length === 0 ? undefined : `not enforced here: ${missing.join(", ")}`;
}

/** Removes a server's groups; processes must have ended. */
export async function removeCgroups(
  layout: CgroupLayout,
  parent: string,
  id: string,
): Promise<void> {
  for (const root of rootsOf(layout)) await removeTree(join(root, parent, id));
}

/** Removes the group above all servers, if no server is left in it. */
export async function removeParentCgroup(layout: CgroupLayout, parent: string): Promise<void> {
  for (const root of rootsOf(layout)) await removeGroup(join(root, parent));
}

function rootsOf(layout: CgroupLayout): readonly string[] {
  if (layout.kind === "none") return [];
  return layout.kind === "unified" ? [layout.root] : Object.values(layout.trees);
}

async function removeTree(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  for (const entry of entries)
    if (entry.isDirectory()) await removeTree(join(directory, entry.name));
  await removeGroup(directory);
}

/** How often a group that is busy is tried again, each time after a pause; two seconds together. */
const REMOVE_TRIES = 80;
const REMOVE_PAUSE_MS = 25;

/** A group can be busy for a moment after its last process ended, or after the last group in it was removed. */
async function removeGroup(directory: string): Promise<void> {
  for (let tries = 0; tries < REMOVE_TRIES; tries += 1) {
    try {
      await rmdir(directory);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EBUSY") return;
      await new Promise((resolve) => setTimeout(resolve, REMOVE_PAUSE_MS));
    }
  }
}

function bytes(size: SizeInfo): string {
  return String(size.memoryMb * 1024 * 1024);
}

async function make(directory: string): Promise<boolean> {
  try {
    await mkdir(directory, { recursive: true });
    return true;
  } catch {
    return false;
  }
}

async function attempt(file: string, value: string): Promise<void> {
  try {
    if (!(await isThere(file))) return;
    if ((await readFile(file, "utf8")).trim() === value) return;
    await writeFile(file, value);
  } catch {
    // A limit that the computer does not allow is not enforced; `sizes` says so where it is known beforehand.
  }
}
