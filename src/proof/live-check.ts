import type { CommandResource } from "../program/resource.ts";
import type { CheckId } from "./checks.ts";

/**
 * A question to a live host, as shell text that changes nothing: it prints what it found against what was
 * wanted ("+ found", "- wanted") and exits 0 where there is nothing to say. It runs under dash, busybox sh,
 * bash and mksh, in a shell of its own or in a function: it neither exits nor returns.
 */
export interface LiveCheck {
  readonly check: CheckId;
  readonly sh: string;
  /** What it reads of the host, as a command resource says it. */
  readonly reads?: NonNullable<CommandResource["reads"]>;
  /** Shell text; where it does not hold the check is skipped, for `skipReason`. */
  readonly onlyIf?: string;
  readonly skipReason?: string;
}

export interface ProofClock {
  /** The controller's time when the check is compiled, seconds since 1970. */
  readonly nowSeconds: number;
}

/** Prints what `sh` prints, and exits 0 only where that is nothing. */
export function nothingFound(sh: string): string {
  return `bm_found=$(
${sh}
)
[ -z "$bm_found" ] || { printf '%s\\n' "$bm_found"; false; }`;
}

export function toResource(live: LiveCheck): CommandResource {
  return {
    type: "command",
    id: `proof ${live.check}`,
    check: live.sh,
    ...(live.reads === undefined ? {} : { reads: live.reads }),
    showCheckOutput: true,
    ...(live.onlyIf === undefined ? {} : { onlyIf: live.onlyIf }),
    ...(live.skipReason === undefined ? {} : { skipReason: live.skipReason }),
  };
}
