import type { MemberReport, ToolChange, ToolOutput } from "../contract.ts";
import { describeChanges } from "./describe-changes.ts";

/** What the script writes: Salt's own JSON, as it was. */
interface RunResult {
  /** Of `state.highstate`: an object of states; a list of errors where Salt did not get that far. */
  readonly states?: unknown;
  /** Of `saltutil.is_running`: state runs that were under way when ours began, and when it had ended. */
  readonly before: unknown;
  readonly after: unknown;
  /** The master's port did not answer: before the run, which then did not begin, or after it. */
  readonly unreachable: boolean;
  /** /run/reboot-required is there, which Debian's packages, or a state, put there. */
  readonly reboot: boolean;
}

/** One state's result (salt/state.py). */
interface StateResult {
  readonly result: boolean | null;
  readonly comment?: unknown;
  readonly changes?: unknown;
  /** Milliseconds. */
  readonly duration?: unknown;
  readonly __run_num__?: number;
  /** False where a requisite kept it from running. */
  readonly __state_ran__?: boolean;
}

/** `salt-call` ends with it, and without a result, when the master does not let the minion in. */
const NOT_LOGGED_IN = 2;

/**
 * Reads the result of one highstate.
 *
 * @param about `showDiff`: what changes inside files is part of the report; `master`: where it is asked, for people
 */
export function parseRun(
  server: string,
  { result, exitStatus, output }: ToolOutput,
  about: { readonly showDiff: boolean; readonly master: string },
): MemberReport {
  const run = readResult(result);
  const states = localOf(run?.states);
  // One answer in place of states: highstates are disabled on this minion, and salt-call ends well all the same.
  if (isObject(states) && typeof states["comment"] === "string") {
    return { server, changes: [], failure: answerOf(states) };
  }
  if (isObject(states)) {
    const changes = Object.entries(states)
      .filter((entry): entry is [string, StateResult] => isStateResult(entry[1]))
      .toSorted(([, a], [, b]) => (a.__run_num__ ?? 0) - (b.__run_num__ ?? 0))
      .map(([id, state]) => toChange(id, state, about.showDiff));
    const isExplained = exitStatus === 0 || changes.some(({ status }) => status === "failed");
    return {
      server,
      changes,
      ...(isExplained ? {} : { failure: withOutput(exitStatus, output) }),
      ...(run?.reboot === true ? { wantsReboot: true } : {}),
    };
  }
  return { server, changes: [], ...whyNoStates(run, states, { exitStatus, output }, about.master) };
}

function answerOf({ name, comment }: Readonly<Record<string, unknown>>): string {
  return [textOf(name), textOf(comment)].filter((text) => text !== "").join("\n");
}

/** What kept a run from its states, and whether that may be over a little later. */
function whyNoStates(
  run: RunResult | undefined,
  states: unknown,
  { exitStatus, output }: Pick<ToolOutput, "exitStatus" | "output">,
  master: string,
): Pick<MemberReport, "failure" | "retry"> {
  const noAnswer = `the master does not answer at ${master}`;
  // Asked before the run: nothing was begun that could have words of its own.
  if (run?.unreachable === true && run.states === undefined) return { retry: noAnswer };
  const errors = (Array.isArray(states) ? states : [states]).filter(
    (error): error is string => typeof error === "string" && error !== "",
  );
  const failure = errors.length > 0 ? errors.join("\n") : withOutput(exitStatus, output);
  const others = [...jobsOf(run?.before), ...jobsOf(run?.after)];
  if (others.length > 0) {
    return { failure, retry: `another state run is in progress (${others.join(", ")})` };
  }
  const again = (retry: string) => ({ failure: `${retry}\n${failure}`, retry });
  if (run?.unreachable === true) return again(noAnswer);
  return errors.length === 0 && exitStatus === NOT_LOGGED_IN
    ? again(`the master at ${master} did not let the minion in`)
    : { failure };
}

function toChange(id: string, state: StateResult, showDiff: boolean): ToolChange {
  const diff = describeChanges(state.changes, showDiff);
  const reason = textOf(state.comment);
  return {
    id,
    status: statusOf(state, diff.length > 0),
    ...(typeof state.duration === "number" ? { ms: Math.round(state.duration) } : {}),
    ...(reason === "" ? {} : { reason }),
    ...(diff.length === 0 ? {} : { diff }),
  };
}

function statusOf(state: StateResult, hasChanges: boolean): ToolChange["status"] {
  // A requisite failed, which has its own entry, or a condition of the user's does not hold.
  if (state.__state_ran__ === false) return "skipped";
  if (state.result === false) return "failed";
  // Null: a test run would change something.
  return hasChanges || state.result === null ? "changed" : "ok";
}

function withOutput(exitStatus: number, output: readonly string[]): string {
  const last = output.slice(-20).join("\n");
  return `salt-call ended with exit status ${exitStatus}${last === "" ? "" : `:\n${last}`}`;
}

function jobsOf(value: unknown): readonly string[] {
  const jobs = localOf(value);
  if (!Array.isArray(jobs)) return [];
  return jobs.filter(isObject).map(({ fun, jid }) => `${textOf(fun)} ${textOf(jid)}`);
}

/** salt-call answers under the name "local". */
function localOf(value: unknown): unknown {
  return isObject(value) ? value["local"] : undefined;
}

function readResult(text: string): RunResult | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? (value as unknown as RunResult) : undefined;
  } catch {
    return undefined;
  }
}

function isStateResult(value: unknown): value is StateResult {
  return isObject(value) && "result" in value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Comments are a text, or a list of texts. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join("\n");
  return typeof value === "string" || typeof value === "number" ? String(value).trim() : "";
}
