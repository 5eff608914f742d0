import { SKIPPED, type PhaseResult } from "../server-run.ts";

/** The phases install, enroll and configure. */
export function runConfiguratorPhase(): Promise<PhaseResult> {
  return Promise.resolve(SKIPPED);
}
