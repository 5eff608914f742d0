import {
  BootmachineError,
  CancelledError,
  RemoteError,
  TimeoutError,
  TransportError,
} from "../errors/error.ts";
import type { SshOptions, SshTarget, Transport } from "../transport/contract.ts";
import { pauseFor } from "../transport/pause.ts";
import type { Host } from "./host.ts";
import { openHost } from "./open-host.ts";

/** One way into a host that may work. */
export interface HostCandidate {
  readonly target: SshTarget;
  readonly options: SshOptions;
}

export interface WaitForHostOptions {
  readonly transport: Transport;
  /** Tried in turn, the likeliest first; not empty. */
  readonly candidates: readonly HostCandidate[];
  /** Limit for all attempts together, ms. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Called after each attempt; `error` is undefined for the one that let us in. */
  readonly onAttempt: (
    target: SshTarget,
    error: BootmachineError | undefined,
    elapsedMs: number,
  ) => void;
  /** Who works on the host, for its lock. */
  readonly who?: string;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 2_000;
/** An attempt with less time than this would fail for want of time alone. */
const SHORTEST_ATTEMPT_MS = 100;
/** Newer ssh servers shut out an address for some seconds after each refused login (PerSourcePenalties): ask them seldom. */
const PAUSE_AFTER_REFUSAL_MS = 5_000;
/**
 * How long a host may take to do as it will when it has let us in, ms: a first boot writes the user's key before its sudo rule,
 * and a session that comes while services still start may be ended in the middle of its answer.
 */
const SETTLING_MS = 10_000;
const SETTLES: ReadonlySet<string> = new Set(["NOT_ROOT", "COMMAND_FAILED"]);

/**
 * Waits until one of the candidates lets us in as root.
 *
 * @throws TransportError HOST_KEY_MISMATCH and RefusedError PREREQUISITE_MISSING (no ssh here) at once; RemoteError NOT_ROOT when a user got in and stayed without root,
 *   COMMAND_FAILED when the host went on giving no facts;
 *   TimeoutError whose message and cause are the failure that was seen last at the limit; CancelledError
 */
export async function waitForHost(options: WaitForHostOptions): Promise<Host> {
  const { candidates, timeoutMs, signal } = options;
  const start = performance.now();
  const leftMs = (): number => timeoutMs - (performance.now() - start);
  const failures = new Map<HostCandidate, BootmachineError>();
  let letInAt: number | undefined;
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    for (const candidate of candidates) {
      const limitMs = leftMs();
      if (limitMs < SHORTEST_ATTEMPT_MS && failures.size > 0) break;
      try {
        const host = await attempt(options, candidate, Math.max(limitMs, 1));
        options.onAttempt(candidate.target, undefined, performance.now() - start);
        return host;
      } catch (error) {
        if (signal.aborted) throw new CancelledError();
        if (!(error instanceof BootmachineError)) throw error;
        options.onAttempt(candidate.target, error, performance.now() - start);
        if (!mayPass(error)) throw error;
        // An attempt that our own limit cut short says less than the one before it.
        const wasCutShort =
          error.code === "CONNECTION_TIMEOUT" && limitMs < candidate.options.connectTimeoutMs;
        if (!wasCutShort || !failures.has(candidate)) failures.set(candidate, error);
      }
    }
    const unsettled = [...failures.values()].find(({ code }) => SETTLES.has(code));
    if (unsettled !== undefined) {
      letInAt ??= performance.now();
      if (performance.now() - letInAt > SETTLING_MS) throw unsettled;
    }
    const wasRefused = [...failures.values()].some(({ code }) => code === "KEY_REFUSED");
    const pause = wasRefused && pauseMs >= LONGEST_PAUSE_MS ? PAUSE_AFTER_REFUSAL_MS : pauseMs;
    if (leftMs() < SHORTEST_ATTEMPT_MS) throw limitReached(options, failures);
    await pauseFor(Math.min(pause, leftMs()), signal);
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
  }
}

async function attempt(
  options: WaitForHostOptions,
  candidate: HostCandidate,
  limitMs: number,
): Promise<Host> {
  const connectTimeoutMs = Math.min(candidate.options.connectTimeoutMs, limitMs);
  return openHost(options.transport, candidate.target, candidate.options, {
    signal: options.signal,
    connectTimeoutMs,
    ...(options.who === undefined ? {} : { who: options.who }),
  });
}

/** Is it a failure that a host on its way up, or a network on its way back, gets over? */
function mayPass(error: BootmachineError): boolean {
  if (error instanceof TransportError) return error.code !== "HOST_KEY_MISMATCH";
  if (error instanceof RemoteError) return SETTLES.has(error.code);
  return error instanceof TimeoutError;
}

function limitReached(
  options: WaitForHostOptions,
  failures: ReadonlyMap<HostCandidate, BootmachineError>,
): TimeoutError {
  const { candidates, timeoutMs } = options;
  const server = candidates[0]?.target.server ?? "the host";
  const messages = [...new Set([...failures.values()].map(({ message }) => message))];
  const cause = mostTelling([...failures.values()]);
  return new TimeoutError(
    `${server} did not let us in within ${timeoutMs / 1000} s: ${messages.join(" ") || "there is no address to try"}`,
    timeoutMs,
    { server, cause, ...(cause === undefined ? {} : { hint: cause.hint }) },
  );
}

/** Of several failures to get in the one that got furthest; undefined where there is none. */
export function mostTelling(failures: readonly BootmachineError[]): BootmachineError | undefined {
  return [...failures].sort((a, b) => telling(b) - telling(a))[0];
}

function telling(error: BootmachineError): number {
  const order = [
    "CONNECTION_TIMEOUT",
    "NO_ROUTE",
    "CONNECTION_REFUSED",
    "HOST_NOT_READY",
    "KEY_REFUSED",
    "NOT_ROOT",
    "COMMAND_FAILED",
  ];
  return order.indexOf(error.code);
}
