import { CancelledError, RefusedError, toBootmachineError } from "../errors/error.ts";
import type { SshTarget } from "../transport/contract.ts";
import { mostTelling } from "./wait-for-host.ts";

/** What is still silent when somebody else's key was seen has this long to show the right one, ms. */
const AFTER_MISMATCH_MS = 2_000;

/** Of several ways to one sshd one is enough: who would log in makes no difference. */
function portsOf(ways: readonly SshTarget[]): readonly SshTarget[] {
  return [...new Map(ways.map((way) => [`${way.address} ${way.port}`, way])).values()];
}

/**
 * Asks each of the ports on which a host's sshd may listen, all at once: a firewall that drops what comes to one of them holds
 * up nobody. The first good answer ends the other questions.
 *
 * @throws the most telling failure where none answers well, another key than the pinned one before all others; RefusedError
 *   IDENTITY_UNPROVEN where there is nobody to ask; CancelledError
 */
export async function firstAnswer<T>(
  ways: readonly SshTarget[],
  ask: (target: SshTarget, signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const rest = new AbortController();
  const until = AbortSignal.any([signal, rest.signal]);
  let limit: NodeJS.Timeout | undefined;
  const asked = portsOf(ways).map(async (target) => {
    try {
      return await ask(target, until);
    } catch (error) {
      if (toBootmachineError(error).code === "HOST_KEY_MISMATCH")
        limit ??= setTimeout(() => rest.abort(), AFTER_MISMATCH_MS);
      throw error;
    }
  });
  try {
    return await Promise.any(asked);
  } catch (thrown) {
    if (signal.aborted) throw new CancelledError();
    if (!(thrown instanceof AggregateError)) throw thrown;
    const errors = thrown.errors.map(toBootmachineError);
    throw (
      errors.find(({ code }) => code === "HOST_KEY_MISMATCH") ??
      mostTelling(errors) ??
      new RefusedError("IDENTITY_UNPROVEN", "The host has no address.")
    );
  } finally {
    clearTimeout(limit);
    rest.abort();
    await Promise.allSettled(asked);
  }
}
