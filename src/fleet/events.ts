import type { ErrorRecord } from "../errors/error.ts";
import type { CheckResult } from "../proof/check.ts";
import type { ResourceStatus } from "../program/report.ts";
import type { ExpectedCalls, ProviderCall } from "../providers/contract.ts";

export const PHASES = [
  "boot",
  "trust",
  "prepare",
  "secure",
  "install",
  "enroll",
  "configure",
  "verify",
] as const;
export type Phase = (typeof PHASES)[number];

/** Work on a server that is told of like a phase, and is none of those that bring one up. */
export const OTHER_WORK = ["destroy", "reboot"] as const;
export type Work = Phase | (typeof OTHER_WORK)[number];

/**
 * - `changed`: something was done (or, in a plan, would be done).
 * - `unchanged`: all was as wanted.
 * - `skipped`: there was nothing to look at.
 */
export type PhaseOutcome = "changed" | "unchanged" | "skipped" | "failed" | "cancelled";

/** The steps of the access change, in order; `rolled-back` when the host went back to the old way. */
export const ACCESS_STEPS = ["arm", "open", "prove", "close", "confirm", "disarm"] as const;
export type AccessStep = (typeof ACCESS_STEPS)[number];

interface EventBase {
  /** ISO 8601 with milliseconds. */
  readonly at: string;
}

export interface RunStartedEvent extends EventBase {
  readonly type: "run-started";
  readonly runId: string;
  /** "up", "plan", "verify" … */
  readonly command: string;
  readonly stack: string;
  readonly servers: readonly string[];
  readonly version: string;
}
export interface RunEndedEvent extends EventBase {
  readonly type: "run-ended";
  readonly outcome: "ok" | "failed" | "cancelled";
  readonly ms: number;
  readonly servers: readonly ServerSummary[];
}
export interface PhaseStartedEvent extends EventBase {
  readonly type: "phase-started";
  readonly server: string;
  readonly phase: Work;
}
export interface PhaseEndedEvent extends EventBase {
  readonly type: "phase-ended";
  readonly server: string;
  readonly phase: Work;
  readonly outcome: PhaseOutcome;
  readonly ms: number;
  /** How many resources were changed (or differ, in a plan). */
  readonly changes: number;
}
/** What a server is doing now; replaces the step before it. */
export interface StepEvent extends EventBase {
  readonly type: "step";
  readonly server: string;
  readonly phase: Work;
  readonly text: string;
  /** One resource among many is being looked at: worth showing live, and not worth a line in a log. */
  readonly isBrief?: true;
}
export interface ResourceEvent extends EventBase {
  readonly type: "resource";
  readonly server: string;
  readonly phase: Work;
  readonly id: string;
  readonly status: ResourceStatus;
  readonly ms: number;
  readonly reason?: string;
  readonly exitStatus?: number;
  readonly output?: readonly string[];
  readonly diff?: readonly string[];
  /** The configuration-management tool that says so, in its own words; absent: a resource of ours. */
  readonly tool?: string;
}
/** One line of output of what runs on the host now. */
export interface OutputEvent extends EventBase {
  readonly type: "output";
  readonly server: string;
  readonly phase: Work;
  readonly id: string;
  readonly line: string;
  /** The configuration-management tool that prints it while it runs; absent: a resource of ours. */
  readonly tool?: string;
}
/** A step of the access change is about to begin (`started`) or has been done. */
export interface AccessEvent extends EventBase {
  readonly type: "access";
  readonly server: string;
  readonly step: AccessStep | "rolled-back";
  readonly state: "started" | "done" | "failed";
  readonly text: string;
}
/** How the host's key was proven. */
export interface IdentityEvent extends EventBase {
  readonly type: "identity";
  readonly server: string;
  readonly proof: string;
  readonly fingerprints: readonly string[];
}
/** A way into the host was found. */
export interface ReachedEvent extends EventBase {
  readonly type: "reached";
  readonly server: string;
  readonly user: string;
  readonly address: string;
  readonly port: number;
}
export interface CheckEvent extends EventBase {
  readonly type: "check";
  readonly server: string;
  readonly check: CheckResult;
}
/** One call to the provider's service: for the journal, and for who asks why it took so long. */
export interface ProviderCallEvent extends EventBase, ProviderCall {
  readonly type: "provider-call";
}
/** In a plan: about how many calls to the provider's service the run would make, where it counts them. */
export interface ExpectedCallsEvent extends EventBase, ExpectedCalls {
  readonly type: "expected-calls";
  readonly provider: string;
}
/** What the stack's machines share at the provider was changed; in a plan: would be. For people: "tcp 2849 from anywhere". */
export interface SharedEvent extends EventBase {
  readonly type: "shared";
  readonly provider: string;
  readonly isPlanned: boolean;
  readonly made: readonly string[];
  readonly opened: readonly string[];
  /** In a plan: what is closed once every server is on its declared way. */
  readonly closed: readonly string[];
}
export interface NoteEvent extends EventBase {
  readonly type: "note";
  readonly level: "info" | "warning";
  readonly server?: string;
  readonly text: string;
}
export interface ErrorEvent extends EventBase {
  readonly type: "error";
  readonly server?: string;
  readonly phase?: Work;
  readonly error: ErrorRecord;
}

export type FleetEvent =
  | RunStartedEvent
  | RunEndedEvent
  | PhaseStartedEvent
  | PhaseEndedEvent
  | StepEvent
  | ResourceEvent
  | OutputEvent
  | AccessEvent
  | IdentityEvent
  | ReachedEvent
  | CheckEvent
  | ProviderCallEvent
  | ExpectedCallsEvent
  | SharedEvent
  | NoteEvent
  | ErrorEvent;

/** How a server came out of a run. */
export interface ServerSummary {
  readonly server: string;
  readonly roles: readonly string[];
  readonly outcome: PhaseOutcome;
  /** How to log in, where it is known. */
  readonly address?: string;
  readonly port?: number;
  readonly user?: string;
  readonly ms: number;
  readonly changes: number;
  readonly failedChecks: number;
  readonly failedPhase?: Work;
  readonly error?: ErrorRecord;
}

/** Events without their time: the fleet stamps them. */
export type EventBody = FleetEvent extends infer E
  ? E extends FleetEvent
    ? Omit<E, "at">
    : never
  : never;

export type EmitEvent = (event: EventBody) => void;
