import { setTimeout as sleep } from "node:timers/promises";

import { CancelledError } from "../errors/error.ts";
import type { ProviderContext } from "../providers/contract.ts";

/** Who waits for a call to a cloud. */
export type Caller = Pick<ProviderContext, "signal" | "progress" | "trace">;

/** @throws CancelledError at `signal`; the promise goes on for the others. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) throw new CancelledError();
  return await new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(new CancelledError());
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** @throws CancelledError at `signal`. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {
    throw new CancelledError();
  });
}

/** So that many calls that failed together do not come back together. */
export function jittered(ms: number): number {
  return ms * (0.75 + Math.random() / 2);
}
