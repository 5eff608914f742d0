import {
  type BootmachineError,
  CancelledError,
  type ErrorRecord,
  toBootmachineError,
} from "../errors/error.ts";
import type { Milestone } from "./configurator/milestones.ts";
import { type Phase, PHASES, type ServerSummary } from "./events.ts";
import { withPhaseLimit } from "./phase-limit.ts";
import { boot } from "./phases/boot.ts";
import { configure } from "./phases/configure.ts";
import { enroll } from "./phases/enroll.ts";
import { install } from "./phases/install.ts";
import { prepare } from "./phases/prepare.ts";
import { secure } from "./phases/secure.ts";
import { trust } from "./phases/trust.ts";
import { verify } from "./phases/verify.ts";
import { takeProofMark } from "./proof-marks.ts";
import type { PhaseResult, ServerRun } from "./server-run.ts";
import { surveyHost } from "./survey.ts";

/** What each phase does; total, so that a new phase cannot be forgotten. */
const PHASE_FUNCTIONS: Readonly<
  Record<Phase, (run: ServerRun, signal: AbortSignal) => Promise<PhaseResult>>
> = {
  boot,
  trust: async (run, signal) => {
    const result = await trust(run, signal);
    if (run.host !== undefined) await lookAround(run, signal);
    return result;
  },
  prepare,
  secure,
  install,
  enroll,
  configure,
  verify,
};

/** Runs the phases before the first connection; apart from `runRest` because every address is needed there. */
export function runBoot(run: ServerRun): Promise<BootmachineError | undefined> {
  return runPhases(run, ["boot"]);
}

/** Runs all other phases, each in its turn, until one fails. */
export function runRest(run: ServerRun): Promise<BootmachineError | undefined> {
  return runPhases(
    run,
    PHASES.filter((phase) => phase !== "boot"),
  );
}

async function runPhases(
  run: ServerRun,
  phases: readonly Phase[],
): Promise<BootmachineError | undefined> {
  for (const phase of phases) {
    if (run.context.phases.has(phase)) {
      const error = await runPhase(run, phase);
      if (error !== undefined) {
        if (phase === "trust") await proveWithoutHost(run, error);
        return error;
      }
    }
    // Also where the phase is left out: nobody may wait for it.
    const milestone = MILESTONE_AFTER[phase];
    if (milestone !== undefined) run.context.milestones.reach(run.server.name, milestone);
  }
  return undefined;
}

/** A proof that was asked for is made as far as it can be seen from outside. The first error stays the server's own. */
async function proveWithoutHost(run: ServerRun, error: BootmachineError): Promise<void> {
  const { alwaysProve, readsOnly, phases } = run.context;
  if (!alwaysProve || !readsOnly || !phases.has("verify") || error.kind === "cancelled") return;
  // Without ssh nothing is seen of any host, and so nothing is said of it.
  if (error.code === "PREREQUISITE_MISSING") return;
  run.shutOut = error;
  await runPhase(run, "verify");
  run.phase = "trust";
}

const MILESTONE_AFTER: Readonly<Partial<Record<Phase, Milestone>>> = {
  enroll: "enrolled",
  configure: "ready",
  verify: "proved",
};

async function runPhase(run: ServerRun, phase: Phase): Promise<BootmachineError | undefined> {
  const server = run.server.name;
  run.phase = phase;
  if (run.context.signal.aborted) return cancelled(run, phase);
  run.emit({ type: "phase-started", server, phase });
  const began = performance.now();
  try {
    const result = await withPhaseLimit(run, phase, (signal) =>
      PHASE_FUNCTIONS[phase](run, signal),
    );
    run.changes += result.changes;
    run.wasLookedAt ||= result.outcome !== "skipped";
    run.emit({ type: "phase-ended", server, phase, ms: elapsed(began), ...result });
    return undefined;
  } catch (thrown) {
    const error = toBootmachineError(thrown);
    const outcome = error.kind === "cancelled" ? "cancelled" : "failed";
    run.emit({ type: "error", server, phase, error: recordAt(error, run) });
    run.emit({ type: "phase-ended", server, phase, outcome, ms: elapsed(began), changes: 0 });
    return error;
  }
}

/** Waits for the addresses that the resources name, then surveys a host that was there before. */
async function lookAround(run: ServerRun, signal: AbortSignal): Promise<void> {
  const { addresses } = run.context;
  const missing = addresses.missing();
  if (missing.length > 0) {
    run.step(
      `waiting for the address of ${missing.slice(0, 3).join(", ")}${missing.length > 3 ? " and others" : ""}`,
    );
    await run.waitFor(() => addresses.settled(signal));
  }
  if (run.machine !== undefined && !run.context.readsOnly) {
    run.wasProved = await takeProofMark(run.context.paths, run.server.name, run.machine.id);
  }
  if (run.isFresh) return;
  run.step("looking at what is there");
  run.survey = await surveyHost(run);
}

/**
 * The error as it is told of a server. Written down and not into the error: what is done once for all servers fails for all by the
 * same one.
 */
export function recordAt(
  error: BootmachineError,
  { server, phase }: Pick<ServerRun, "server" | "phase">,
): ErrorRecord {
  const record = error.toRecord();
  return { ...record, server: record.server ?? server.name, phase: record.phase ?? phase };
}

function cancelled(run: ServerRun, phase: Phase): BootmachineError {
  return new CancelledError(undefined, { server: run.server.name, phase });
}

function elapsed(began: number): number {
  return Math.round(performance.now() - began);
}

/** How the server came out of the run. */
export function summarize(
  run: ServerRun,
  error: BootmachineError | undefined,
  ms: number,
): ServerSummary {
  const target = run.host?.target;
  return {
    server: run.server.name,
    roles: run.server.roles,
    outcome:
      error === undefined
        ? run.changes > 0
          ? "changed"
          : run.wasLookedAt
            ? "unchanged"
            : "skipped"
        : error.kind === "cancelled"
          ? "cancelled"
          : "failed",
    ms,
    changes: run.changes,
    failedChecks: run.checks.filter(
      ({ status, severity }) => status === "failed" && severity === "error",
    ).length,
    ...(target === undefined
      ? {}
      : { address: target.address, port: target.port, user: target.user }),
    ...(error === undefined ? {} : { failedPhase: run.phase, error: recordAt(error, run) }),
  };
}
