import { ProviderError } from "../errors/error.ts";
import { type Caller, pause } from "./caller.ts";

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;

/**
 * Removes a thing that is let go of a little after its last user is gone, as a security group is by its ports.
 *
 * @param what for people: `the security group shop`
 * @param deadline ms since the epoch; after it what `remove` throws is final
 * @throws what `remove` throws, but for PROVIDER_CONFLICT before the deadline; CancelledError
 */
export async function removeWhenUnused(
  what: string,
  deadline: number,
  caller: Caller,
  remove: () => Promise<void>,
): Promise<void> {
  for (let waitMs = FIRST_PAUSE_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_PAUSE_MS)) {
    try {
      await remove();
      return;
    } catch (thrown) {
      const isInUse = thrown instanceof ProviderError && thrown.code === "PROVIDER_CONFLICT";
      if (!isInUse || Date.now() + waitMs > deadline) throw thrown;
    }
    caller.progress(`waiting until nothing uses ${what}`);
    await pause(waitMs, caller.signal);
  }
}
