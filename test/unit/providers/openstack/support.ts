import type {
  Inlet,
  MachineRequest,
  ProviderContext,
  SharedWish,
} from "../../../../src/providers/contract.ts";
import type { OpenStackOptions } from "../../../../src/providers/openstack/options.ts";

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

export const KEY =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE4ZZK9uSNyS1SrVlSbNTkpu6eEUYAU93CDHXZTgGxfG ada";

export function contextOf(more: Partial<ProviderContext> = {}): ProviderContext {
  return {
    stack: "shop",
    signal: AbortSignal.timeout(15_000),
    progress: () => undefined,
    ...more,
  };
}

export function wishOf(
  mode: SharedWish["mode"],
  inlets: readonly Inlet[],
  meanwhile: readonly Inlet[] = [],
): SharedWish {
  return { mode, inlets, meanwhile };
}

export function requestOf(server: string, more: Partial<MachineRequest> = {}): MachineRequest {
  return { server, roles: [], bootstrapKeys: [KEY], token: `token-${server}`, ...more };
}

/** `CODE: message hint` of what is thrown. */
export async function failureOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => "no error",
    (error: Error & { readonly code?: string; readonly hint?: string }) =>
      `${error.code}: ${error.message} ${error.hint}`,
  );
}
