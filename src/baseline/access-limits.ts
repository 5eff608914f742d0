import { setTimeout as sleep } from "node:timers/promises";

/** Limit for one small script of the access change, ms. */
export const SCRIPT_LIMIT_MS = 30_000;
/** How long the restore itself may take after the timer has fired, ms. */
export const RESTORE_GRACE_MS = 30_000;
const PAUSE_MS = 700;

/** Between two attempts: a restarted sshd may refuse for a moment. */
export function pause(): Promise<void> {
  return sleep(PAUSE_MS);
}
