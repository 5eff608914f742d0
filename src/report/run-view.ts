import type { ErrorRecord } from "../errors/error.ts";
import {
  PHASES,
  type ExpectedCallsEvent,
  type FleetEvent,
  type PhaseOutcome,
  type ServerSummary,
  type SharedEvent,
  type Work,
} from "../fleet/events.ts";
import type { ResourceStatus } from "../program/report.ts";
import type { CheckResult } from "../proof/check.ts";
import { sanitize } from "./display-width.ts";
import type { ToolView } from "./tool-text.ts";

/** What is known of one phase of one server. Times are milliseconds since 1970. */
export interface PhaseView {
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly outcome?: PhaseOutcome;
  readonly changes: number;
  /** The last step before it ended. */
  readonly lastStep?: string;
}

export interface ServerView {
  readonly name: string;
  /** It takes no part in the run; something is done there for the sake of one that does. */
  readonly isGuest: boolean;
  /** `waiting`: nothing has begun on it, or it waits between two phases. */
  readonly state: "waiting" | "working" | "done" | "failed" | "cancelled";
  /** The phase now, or the last one. */
  readonly phase: Work | undefined;
  readonly phases: Readonly<Partial<Record<Work, PhaseView>>>;
  /** What it is doing now. */
  readonly step: string;
  readonly stepAt: number;
  readonly changes: number;
  /** What would change, or has changed, in order. */
  readonly changed: readonly ChangedResource[];
  readonly address: string | undefined;
  readonly proof: string | undefined;
  readonly fingerprints: readonly string[];
  readonly checks: readonly CheckResult[];
  /** Undefined: the configuration-management tool has not run on it. */
  readonly tool: ToolView | undefined;
  readonly isRolledBack: boolean;
  readonly failure: ErrorRecord | undefined;
}

export interface ChangedResource {
  readonly phase: Work;
  readonly id: string;
  readonly status: "changed" | "differs" | "failed";
  readonly reason?: string;
  readonly diff: readonly string[];
  /** What the check said, such as what was wanted and found. */
  readonly output: readonly string[];
}

export interface Note {
  readonly level: "info" | "warning";
  readonly server?: string;
  readonly text: string;
}

/** All that a report shows of a run, made of its events alone. */
export interface RunView {
  readonly runId: string;
  readonly command: string;
  readonly stack: string;
  readonly version: string;
  readonly phases: readonly Work[];
  readonly servers: readonly ServerView[];
  readonly startedAt: number;
  /** The time of the last event. */
  readonly lastAt: number;
  readonly endedAt?: number;
  readonly outcome?: "ok" | "failed" | "cancelled";
  readonly summary: readonly ServerSummary[];
  readonly notes: readonly Note[];
  /** What was changed of the things that the servers share at the provider; in a plan: would be. */
  readonly shared: readonly SharedEvent[];
  /** Errors of the whole run, without a server. */
  readonly errors: readonly ErrorRecord[];
  readonly isCancelling: boolean;
  /** In a plan: what a run would ask of the provider, where that counts. */
  readonly expectedCalls?: ExpectedCallsEvent;
}

export const EMPTY_RUN: RunView = {
  runId: "",
  command: "",
  stack: "",
  version: "",
  phases: [],
  servers: [],
  startedAt: 0,
  lastAt: 0,
  summary: [],
  notes: [],
  shared: [],
  errors: [],
  isCancelling: false,
};

/** The phases that a command runs, in order; commands not named here run all. Without `trust` there is no connection. */
const PHASES_OF_COMMAND: Readonly<Record<string, readonly Work[]>> = {
  boot: ["boot"],
  bootstrap: ["trust", "prepare"],
  secure: ["trust", "secure"],
  configure: ["trust", "install", "enroll", "configure"],
  verify: ["trust", "verify"],
  "configurator accept": ["trust", "install", "enroll"],
  "configurator run": ["trust", "configure"],
  destroy: ["destroy"],
  reboot: ["reboot"],
  // These tell of their work as of one phase.
  "configurator revoke": ["enroll"],
  "configurator restart": ["configure"],
  "configurator push": ["configure"],
};

/** For commands that do another work than the phase's under its name. */
const WORK_OF_COMMAND: Readonly<Record<string, string>> = {
  "configurator revoke": "revoke",
  "configurator restart": "restart",
  "configurator push": "push",
};

/** The word for a phase in a run's view: what revokes does not "enroll". */
export function phaseWord(view: Pick<RunView, "command">, phase: Work): string {
  return WORK_OF_COMMAND[view.command] ?? phase;
}

/** Takes one event into the view. Pure; unknown events leave the view as it is. */
export function reduceRun(view: RunView, event: FleetEvent): RunView {
  const at = Date.parse(event.at);
  const next =
    view.startedAt === 0 ? { ...view, startedAt: at, lastAt: at } : { ...view, lastAt: at };
  switch (event.type) {
    case "run-started":
      return {
        ...EMPTY_RUN,
        runId: event.runId,
        command: event.command,
        stack: event.stack,
        version: event.version,
        phases: PHASES_OF_COMMAND[event.command] ?? PHASES,
        servers: event.servers.map((name) => newServer(name, false)),
        startedAt: at,
        lastAt: at,
      };
    case "run-ended":
      return { ...next, endedAt: at, outcome: event.outcome, summary: event.servers };
    case "phase-started":
      return changeServer(next, event.server, (server) => ({
        ...server,
        state: "working",
        phase: event.phase,
        phases: { ...server.phases, [event.phase]: { startedAt: at, changes: 0 } },
        step: "",
        stepAt: at,
      }));
    case "phase-ended":
      return changeServer(next, event.server, (server) => ({
        ...server,
        state: stateAfter(event.outcome, server.isGuest || event.phase === next.phases.at(-1)),
        phase: event.phase,
        phases: {
          ...server.phases,
          [event.phase]: {
            startedAt: server.phases[event.phase]?.startedAt ?? at - event.ms,
            endedAt: at,
            outcome: event.outcome,
            changes: event.changes,
            lastStep: server.step,
          },
        },
        changes: server.changes + event.changes,
        step: "",
        stepAt: at,
      }));
    case "step":
      return changeServer(next, event.server, (server) => ({
        ...server,
        step: sanitize(event.text),
        stepAt: at,
      }));
    case "output":
      return changeServer(next, event.server, (server) => ({
        ...server,
        step: `${event.id}: ${sanitize(event.line)}`,
      }));
    case "resource": {
      const { status, tool } = event;
      const counted =
        tool === undefined
          ? next
          : changeServer(next, event.server, (server) => ({
              ...server,
              tool: countTool(server.tool, tool, status),
            }));
      if (status === "ok" || status === "skipped") return counted;
      return changeServer(counted, event.server, (server) => ({
        ...server,
        changed: [
          ...server.changed,
          {
            phase: event.phase,
            id: event.id,
            status,
            diff: event.diff ?? [],
            output: event.output ?? [],
            ...(event.reason === undefined ? {} : { reason: event.reason }),
          },
        ],
      }));
    }
    case "access":
      return changeServer(next, event.server, (server) => ({
        ...server,
        step: sanitize(event.text),
        stepAt: at,
        isRolledBack: server.isRolledBack || event.step === "rolled-back",
      }));
    case "identity":
      return changeServer(next, event.server, (server) => ({
        ...server,
        proof: event.proof,
        fingerprints: event.fingerprints,
      }));
    case "reached":
      return changeServer(next, event.server, (server) => ({
        ...server,
        address: `${event.user}@${event.address}:${event.port}`,
      }));
    case "check":
      return changeServer(next, event.server, (server) => ({
        ...server,
        checks: [...server.checks, event.check],
      }));
    case "note": {
      const note = {
        level: event.level,
        text: sanitize(event.text),
        ...(event.server === undefined ? {} : { server: event.server }),
      };
      return { ...next, notes: [...next.notes, note] };
    }
    case "shared":
      return { ...next, shared: [...next.shared, event] };
    case "expected-calls":
      return { ...next, expectedCalls: event };
    case "error":
      if (event.server === undefined) return { ...next, errors: [...next.errors, event.error] };
      return changeServer(next, event.server, (server) => ({
        ...server,
        state: event.error.kind === "cancelled" ? "cancelled" : "failed",
        phase: event.phase ?? server.phase,
        failure: server.failure ?? event.error,
      }));
    default:
      // A journal may hold events of a newer version.
      return next;
  }
}

/** Servers in each state, for heads and ends. */
export function countStates(view: RunView): Readonly<Record<ServerView["state"], number>> {
  const counts = { waiting: 0, working: 0, done: 0, failed: 0, cancelled: 0 };
  for (const server of view.servers) counts[server.state] += 1;
  return counts;
}

/** The times of every phase over all servers that are in it or have ended it, in milliseconds, sorted. */
export type PhaseTimes = Readonly<Partial<Record<Work, readonly number[]>>>;

export function phaseTimes(view: RunView, now: number): PhaseTimes {
  const times: Partial<Record<Work, number[]>> = {};
  for (const server of view.servers) {
    for (const phase of view.phases) {
      const seen = server.phases[phase];
      if (seen !== undefined) (times[phase] ??= []).push((seen.endedAt ?? now) - seen.startedAt);
    }
  }
  for (const list of Object.values(times)) list.sort((a, b) => a - b);
  return times;
}

/** A phase that takes longer than this many times the median of the others is called slow. */
const SLOW_FACTOR = 3;
/** Below this, in milliseconds, nothing is called slow. */
const SLOW_FLOOR_MS = 5000;

/** How many times the others' median the server is in its phase by now; undefined where it is not slow. */
export function slownessOf(server: ServerView, times: PhaseTimes, now: number): number | undefined {
  const phase = server.phase === undefined ? undefined : server.phases[server.phase];
  if (server.state !== "working" || server.phase === undefined || phase === undefined)
    return undefined;
  const elapsed = now - phase.startedAt;
  const sorted = times[server.phase] ?? [];
  if (elapsed < SLOW_FLOOR_MS || sorted.length < 2) return undefined;
  // The median of the others: the sorted list without this server's own time.
  const middle = Math.floor((sorted.length - 2) / 2);
  const own = sorted.indexOf(elapsed);
  const median = sorted[own !== -1 && own <= middle ? middle + 1 : middle] ?? 0;
  return elapsed > SLOW_FACTOR * median ? elapsed / Math.max(1, median) : undefined;
}

/** A tool tells of what it looked at; "differs" is what it would change. */
function countTool(before: ToolView | undefined, name: string, status: ResourceStatus): ToolView {
  const counts = before ?? { name, ok: 0, changed: 0, failed: 0, skipped: 0 };
  const key = status === "differs" ? "changed" : status;
  return { ...counts, [key]: counts[key] + 1 };
}

function stateAfter(outcome: PhaseOutcome, isLast: boolean): ServerView["state"] {
  if (outcome === "failed" || outcome === "cancelled") return outcome;
  return isLast ? "done" : "waiting";
}

function newServer(name: string, isGuest: boolean): ServerView {
  return {
    name,
    isGuest,
    state: "waiting",
    phase: undefined,
    phases: {},
    step: "",
    stepAt: 0,
    changes: 0,
    changed: [],
    address: undefined,
    proof: undefined,
    fingerprints: [],
    checks: [],
    tool: undefined,
    isRolledBack: false,
    failure: undefined,
  };
}

function changeServer(
  view: RunView,
  name: string,
  change: (server: ServerView) => ServerView,
): RunView {
  const index = view.servers.findIndex((server) => server.name === name);
  const servers = [...view.servers];
  if (index === -1) servers.push(change(newServer(name, true)));
  else servers[index] = change(view.servers[index] as ServerView);
  return { ...view, servers };
}
