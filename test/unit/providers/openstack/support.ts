import type { ProviderContext } from "../../../../src/providers/contract.ts";
import type { OpenStackOptions } from "../../../../src/providers/openstack/options.ts";

export { failureOf, KEY, requestOf, wishOf } from "../../../provider-calls.ts";

/** Everything is quick, and needs no choice. */
export const QUICK = {
  image: "debian-12",
  size: "m1.small",
  networks: ["private"],
  pollMs: 10,
  settleMs: 100,
  callTimeoutMs: 2000,
  bootTimeoutMs: 5000,
} as const satisfies OpenStackOptions;

export function contextOf(more: Partial<ProviderContext> = {}): ProviderContext {
  return {
    stack: "shop",
    signal: AbortSignal.timeout(15_000),
    progress: () => undefined,
    ...more,
  };
}
