import type { Host } from "../host/host.ts";
import { SCRIPT_LIMIT_MS } from "./access-limits.ts";
import { STATE_SCRIPT } from "./access-scripts.ts";

/**
 * What an access change has left on a host:
 *
 * - `none`: nothing.
 * - `armed`: a change is under way, or its controller died: the host goes back when its countdown ends.
 * - `restoring`: the host is going back.
 * - `restored`: it went back, and no run has shown its report yet.
 */
export interface AccessState {
  readonly state: "none" | "armed" | "restoring" | "restored";
  /** Of a restore, line by line; else empty. */
  readonly report: readonly string[];
}

/** Reads it from the host, as root. Changes nothing. */
export async function readAccessState(host: Host): Promise<AccessState> {
  const { stdout } = await host.run(STATE_SCRIPT, { timeoutMs: SCRIPT_LIMIT_MS });
  const [state, ...report] = stdout.trim().split("\n");
  return {
    state: state === "armed" || state === "restoring" || state === "restored" ? state : "none",
    report,
  };
}
