import { type Caller, pause } from "../../cloud/caller.ts";
import { isNotFound } from "./failures.ts";

/**
 * Does a call about a thing that was just made: EC2 may not know it everywhere for some seconds.
 *
 * @param isUnknown Which errors mean that. Default: all that say "not found".
 * @throws what the call throws, when it goes on being unknown for `limitMs`.
 */
export async function untilKnown<T>(
  limitMs: number,
  caller: Caller,
  call: () => Promise<T>,
  isUnknown: (thrown: unknown) => boolean = isNotFound,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (let waitMs = Math.max(limitMs / 50, 10); ; waitMs *= 2) {
    try {
      return await call();
    } catch (thrown) {
      if (!isUnknown(thrown) || Date.now() + waitMs > deadline) throw thrown;
    }
    await pause(waitMs, caller.signal);
  }
}
