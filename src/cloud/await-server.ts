import { ProviderError } from "../errors/error.ts";
import type { Caller } from "./caller.ts";
import type { MachineWatch } from "./machine-watch.ts";

export interface ServerWait<M> {
  readonly server: string;
  /** The option `bootTimeoutMs`. */
  readonly limitMs: number;
  /** Called with each list; all machines that stand for the server, the one that stays first. Undefined: not yet. */
  readonly claim: (machines: readonly M[]) => readonly M[] | undefined;
  readonly remove: (machines: readonly M[]) => Promise<void>;
}

/**
 * Waits for the machine of a server. Of two (a create whose answer was lost came through after all) one stays. A list that
 * showed the machine as it is wanted will do: it was asked for after whatever made it so.
 *
 * @throws TimeoutError, CancelledError, and what the claim and the calls throw.
 */
export async function awaitServer<M extends { readonly id: string }>(
  watch: MachineWatch<M>,
  { server, limitMs, claim, remove }: ServerWait<M>,
  caller: Caller,
): Promise<M> {
  const what = `${server} did not become ready (bootTimeoutMs)`;
  const [first, ...others] = await watch.until({ claim, limitMs, what, lastWillDo: true }, caller);
  if (others.length > 0) {
    caller.progress("removing a second server: a create whose answer was lost had come through");
    await remove(others);
  }
  if (first === undefined) throw new ProviderError("PROVIDER_NOT_FOUND", `${server} is not there.`);
  return first;
}
