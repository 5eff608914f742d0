import type { HostFacts } from "./facts.ts";

/**
 * True when the host was started anew between the two readings: by its boot id, or by the start of its process 1 (a
 * container keeps the boot id of the computer that it runs on). "Did not answer, then answered" proves nothing.
 */
export function proveReboot(before: HostFacts, after: HostFacts): boolean {
  const differs = (a: string, b: string): boolean => a !== "" && b !== "" && a !== b;
  return (
    differs(before.bootId, after.bootId) || differs(before.initStartTicks, after.initStartTicks)
  );
}
