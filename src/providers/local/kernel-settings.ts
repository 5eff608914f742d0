import { readFile, writeFile } from "node:fs/promises";

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

/** File → value that was there before we raised it. */
export type FormerSettings = Readonly<Record<string, number>>;

/** The settings that are too low now, with their values: to be written down before they are raised. */
export async function readLowSettings(
  settings: readonly KernelSetting[] = KERNEL_SETTINGS,
): Promise<FormerSettings> {
  const former: Record<string, number> = {};
  for (const { file, minimum } of settings) {
    const value = await readNumber(file);
    if (value !== undefined && value < minimum) former[file] = value;
  }
  return former;
}

export async function raiseSettings(
  settings: readonly KernelSetting[] = KERNEL_SETTINGS,
): Promise<void> {
  for (const { file, minimum } of settings) {
    const value = await readNumber(file);
    if (value !== undefined && value < minimum) await writeFile(file, String(minimum));
  }
}

/** Puts the former values back, except where somebody else has set another value since. */
export async function restoreSettings(
  former: FormerSettings,
  settings: readonly KernelSetting[] = KERNEL_SETTINGS,
): Promise<void> {
  for (const { file, minimum } of settings) {
    const value = former[file];
    if (value !== undefined && (await readNumber(file)) === minimum) {
      await writeFile(file, String(value));
    }
  }
}

async function readNumber(file: string): Promise<number | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  return /^[0-9]+\s*$/.test(text) ? Number(text) : undefined;
}
