import { rm, rmdir } from "node:fs/promises";
import { withLock } from "./lock.ts";

/** What all state directories of this computer share is here, and gone after its next start, as the things themselves are. */
export const COMPUTER_DIRECTORY = "/run/bootmachine-local";

const LOCK_FILE = `${COMPUTER_DIRECTORY}/lock`;

/** One at a time on the whole computer: for what belongs to no single state directory (networks, kernel settings). */
export async function withComputerLock<T>(
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const what = "The local provider's network, which another run sets up or takes down,";
  return await withLock(LOCK_FILE, { what, signal }, work);
}

/** Leaves no file behind. Call under the lock: whoever waits for the removed one takes a new one. */
export async function removeComputerLock(): Promise<void> {
  await rm(LOCK_FILE, { force: true });
  await rmdir(COMPUTER_DIRECTORY).catch(() => undefined);
}
