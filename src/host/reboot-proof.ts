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

/** Clock ticks a second in /proc, on every Linux. */
const TICKS_PER_SECOND = 100;

/**
 * True when the host says itself that it was started within the last `seconds`: for one that could not be read before its
 * reset. A container shows the uptime of the computer that it runs on, or its own; the start of its process 1 counts where
 * both speak of the same clock.
 */
export function startedWithin(facts: HostFacts, seconds: number): boolean {
  if (facts.uptimeSeconds <= 0) return false;
  const init =
    facts.initStartTicks === ""
      ? Number.NaN
      : facts.uptimeSeconds - Number(facts.initStartTicks) / TICKS_PER_SECOND;
  // The two are not read in the same moment, and ticks are rounded.
  return facts.uptimeSeconds <= seconds || (init > -1 && init <= seconds);
}
