import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { COMPUTER_DIRECTORY } from "./computer-lock.ts";

/** A kernel setting of the whole computer that local servers need. */
interface KernelSetting {
  readonly file: string;
  readonly minimum: number;
}

export const KERNEL_SETTINGS: readonly KernelSetting[] = [
  // The way out for the servers.
  { file: "/proc/sys/net/ipv4/ip_forward", minimum: 1 },
  // Each systemd holds half a dozen; the kernel's default of 128 is used up by twenty servers.
  { file: "/proc/sys/fs/inotify/max_user_instances", minimum: 8192 },
];

/** Setting → value that was there before the first of us raised it. */
const FORMER_FILE = `${COMPUTER_DIRECTORY}/kernel-settings.json`;
const formerSchema = z.record(z.string(), z.number());

export async function hasNeededSettings(
  settings: readonly KernelSetting[] = KERNEL_SETTINGS,
): Promise<boolean> {
  for (const { file, minimum } of settings) {
    const value = await readNumber(file);
    if (value !== undefined && value < minimum) return false;
  }
  return true;
}

/** Raises what is too low; its value is noted before, once. Call under the computer's lock. */
export async function raiseSettings(
  settings: readonly KernelSetting[] = KERNEL_SETTINGS,
  formerFile: string = FORMER_FILE,
): Promise<void> {
  const known = await readFormer(formerFile);
  for (const { file, minimum } of settings) {
    const value = await readNumber(file);
    if (value === undefined || value >= minimum) continue;
    // What was noted first stays: a later look might see a value of our own.
    known[file] ??= value;
    await writeFormer(formerFile, known);
    await writeFile(file, String(minimum));
  }
}

/**
 * Puts the former values back, except where somebody else has set another value since. Call under the computer's lock,
 * when no state directory has a network any more.
 */
export async function restoreSettings(
  settings: readonly KernelSetting[] = KERNEL_SETTINGS,
  formerFile: string = FORMER_FILE,
): Promise<void> {
  const former = await readFormer(formerFile);
  for (const { file, minimum } of settings) {
    const value = former[file];
    if (value !== undefined && (await readNumber(file)) === minimum) {
      await writeFile(file, String(value));
    }
  }
  await rm(formerFile, { force: true });
}

async function readFormer(file: string): Promise<Record<string, number>> {
  const text = await readFile(file, "utf8").catch(() => "{}");
  try {
    return formerSchema.parse(JSON.parse(text));
  } catch {
    return {};
  }
}

async function writeFormer(file: string, former: Readonly<Record<string, number>>): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, `${JSON.stringify(former)}\n`);
  await rename(`${file}.new`, file);
}

async function readNumber(file: string): Promise<number | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  return /^[0-9]+\s*$/.test(text) ? Number(text) : undefined;
}
