import type { FleetEvent, Work } from "../../src/fleet/events.ts";
import type { StackProject } from "./stack-project.ts";

/** The same numbers for the same seed, 0 to 1. Mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = Math.trunc(state + 0x6d_2b_79_f5);
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface KilledRun {
  /** False: the run had ended before. */
  readonly wasKilled: boolean;
  /** How many servers were in each phase when it was killed; "start" where none was in any. */
  readonly where: readonly (Work | "start" | "ended")[];
}

/** Runs `up` and kills it after a time: the command alone, or its whole process group with the ssh processes in it. */
export async function killUp(
  project: StackProject,
  afterMs: number,
  withGroup: boolean,
): Promise<KilledRun> {
  const phases = new Map<string, Work | "ended">();
  const { child, result } = project.start(["up", "--yes", "--json"], {
    onEvent: (event: FleetEvent) => {
      if (event.type === "phase-started") phases.set(event.server, event.phase);
      if (event.type === "phase-ended" && event.phase === "verify")
        phases.set(event.server, "ended");
    },
  });
  const timer = setTimeout(() => {
    if (child.pid === undefined || child.exitCode !== null) return;
    process.kill(withGroup ? -child.pid : child.pid, "SIGKILL");
  }, afterMs);
  const { signal } = await result;
  clearTimeout(timer);
  return {
    wasKilled: signal === "SIGKILL",
    where: phases.size === 0 ? ["start"] : [...phases.values()],
  };
}

/** "boot 12, prepare 3": in how many phases of servers the moments lay. */
export function tallyOf(runs: readonly KilledRun[]): string {
  const counts = new Map<string, number>();
  for (const phase of runs.flatMap(({ where }) => where))
    counts.set(phase, (counts.get(phase) ?? 0) + 1);
  return [...counts].map(([phase, count]) => `${phase} ${count}`).join(", ");
}
