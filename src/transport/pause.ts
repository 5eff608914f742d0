import { CancelledError } from "../errors/error.ts";

/** Waits; throws CancelledError when the signal comes first. */
export async function pauseFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted === true) throw new CancelledError();
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(new CancelledError());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
