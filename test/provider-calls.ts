/** What the tests of several providers ask with. */
import type { Inlet, MachineRequest, SharedWish } from "../src/providers/contract.ts";

export const KEY =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE4ZZK9uSNyS1SrVlSbNTkpu6eEUYAU93CDHXZTgGxfG ada";

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
