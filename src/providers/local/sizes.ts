import type { SizeInfo } from "../contract.ts";

export const DEFAULT_SIZE = "medium";

export const LOCAL_SIZES = [
  { name: "small", cpus: 1, memoryMb: 512 },
  { name: DEFAULT_SIZE, cpus: 2, memoryMb: 1024, isDefault: true },
  { name: "large", cpus: 2, memoryMb: 2048 },
  { name: "unlimited", cpus: 0, memoryMb: 0, note: "all that this computer has" },
] as const satisfies readonly SizeInfo[];

export type LocalSizeName = (typeof LOCAL_SIZES)[number]["name"];

/** The smallest size with so much memory, in MB; undefined where the default one has it. */
export function sizeWith(memoryMb: number): LocalSizeName | undefined {
  if ((findSize(DEFAULT_SIZE)?.memoryMb ?? 0) >= memoryMb) return undefined;
  return LOCAL_SIZES.find((size) => size.memoryMb >= memoryMb)?.name ?? "unlimited";
}

export function findSize(name: string): SizeInfo | undefined {
  return LOCAL_SIZES.find((size) => size.name === name);
}
