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
  /** The likeliest first; not empty. */
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
/** What an attempt ends with that has come to its limit. */
const AT_LIMIT: ReadonlySet<string> = new Set(["CONNECTION_TIMEOUT", "LOGIN_TIMEOUT"]);
const SETTLES: ReadonlySet<string> = new Set(["NOT_ROOT", "COMMAND_FAILED"]);

/** A port that has not answered by then no longer keeps the next one waiting: a firewall may drop what comes to it. */
const HEAD_START_MS = 1_500;

/**
 * Waits until one of the candidates lets us in as root. The addresses are tried in turn: where one is slow, another is no reason
 * to come from elsewhere. The ports of an address are tried side by side, each beginning when the one before has failed once or is
 * silent for a moment, and again until each has failed once: one that never answers holds up no other. Users of one port are tried
 * in turn.
 *
 * @throws TransportError HOST_KEY_MISMATCH and RefusedError PREREQUISITE_MISSING (no ssh here) at once; RemoteError NOT_ROOT when a user got in and stayed without root,
 *   COMMAND_FAILED when the host went on giving no facts;
 *   TimeoutError whose message and cause are the failure that was seen last at the limit; CancelledError
 */
export async function waitForHost(options: WaitForHostOptions): Promise<Host> {
  const wait = new HostWait(options);
  await wait.untilOver();
  return wait.result();
}

/** The users to try at one port. */
type Port = readonly HostCandidate[];

/** The pauses between attempts: growing, and longer where somebody was refused. */
class Pauses {
  #nextMs = FIRST_PAUSE_MS;

  next(wasRefused: boolean): number {
    const ms = this.#nextMs;
    this.#nextMs = Math.min(LONGEST_PAUSE_MS, ms * 2);
    return wasRefused && ms >= LONGEST_PAUSE_MS ? PAUSE_AFTER_REFUSAL_MS : ms;
  }
}

class HostWait {
  readonly #options: WaitForHostOptions;
  readonly #start = performance.now();
  readonly #failures = new Map<HostCandidate, BootmachineError>();
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;
  #outcome: { readonly host: Host } | { readonly error: unknown } | undefined;
  #letInAt: number | undefined;

  constructor(options: WaitForHostOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#over.signal]);
  }

  /** Until somebody is let in, no waiting helps, or the time is over. Never throws. */
  async untilOver(): Promise<void> {
    const addresses = groups(this.#options.candidates, ({ target }) => target.address).map((ways) =>
      groups(ways, ({ target }) => String(target.port)),
    );
    const pauses = new Pauses();
    while (this.#mayGoOn() && addresses.length > 0) {
      for (const ports of addresses) {
        if (this.#mayGoOn()) await this.#takeTurn(ports);
      }
      await this.#pause(pauses, this.#signal);
    }
    if (this.#options.signal.aborted) this.#end({ error: new CancelledError() });
  }

  /** Tries the ports of one address until each has failed once. */
  async #takeTurn(ports: readonly Port[]): Promise<void> {
    const untried = new Set(ports);
    const turnOver = new AbortController();
    const underWay: Promise<void>[] = [];
    for (const port of ports) {
      const hasFailed = new AbortController();
      const onFailed = (): void => {
        hasFailed.abort();
        untried.delete(port);
        if (untried.size === 0) turnOver.abort();
      };
      underWay.push(this.#tryPort(port, onFailed, turnOver.signal));
      if (underWay.length === ports.length) break;
      const orFailed = AbortSignal.any([this.#signal, hasFailed.signal]);
      await pauseFor(HEAD_START_MS, orFailed).catch(() => undefined);
    }
    await Promise.all(underWay);
  }

  /** Tries the users of one port in turn, again and again until the turn is over. */
  async #tryPort(port: Port, onFailed: () => void, turnOver: AbortSignal): Promise<void> {
    const pauses = new Pauses();
    const orTurnOver = AbortSignal.any([this.#signal, turnOver]);
    try {
      for (;;) {
        for (const way of port) {
          if (this.#mayGoOn()) await this.#try(way);
        }
        onFailed();
        this.#giveUpOnUnsettled();
        if (turnOver.aborted || !this.#mayGoOn()) return;
        await this.#pause(pauses, orTurnOver);
        if (turnOver.aborted) return;
      }
    } catch (error) {
      this.#end({ error });
    }
  }

  /** Is there somebody to ask, and time for it? The first attempt is made in any case. */
  #mayGoOn(): boolean {
    return (
      !this.#signal.aborted && (this.#failures.size === 0 || this.#leftMs() >= SHORTEST_ATTEMPT_MS)
    );
  }

  /** Ends early with the signal. */
  async #pause(pauses: Pauses, signal: AbortSignal): Promise<void> {
    const wasRefused = [...this.#failures.values()].some(({ code }) => code === "KEY_REFUSED");
    const ms = Math.max(0, Math.min(pauses.next(wasRefused), this.#leftMs()));
    await pauseFor(ms, signal).catch(() => undefined);
  }

  result(): Host {
    if (this.#outcome === undefined) throw limitReached(this.#options, this.#failures);
    if ("host" in this.#outcome) return this.#outcome.host;
    throw this.#options.signal.aborted ? new CancelledError() : this.#outcome.error;
  }

  #leftMs(): number {
    return this.#options.timeoutMs - (performance.now() - this.#start);
  }

  /** The first outcome counts. */
  #end(outcome: { readonly host: Host } | { readonly error: unknown }): void {
    this.#outcome ??= outcome;
    this.#over.abort();
  }

  /** One attempt; a success ends the wait. @throws what no waiting helps against; CancelledError once the wait is over. */
  async #try(way: HostCandidate): Promise<void> {
    if (this.#signal.aborted) throw new CancelledError();
    const limitMs = this.#leftMs();
    const elapsedMs = (): number => performance.now() - this.#start;
    try {
      const host = await attempt(this.#options, way, Math.max(limitMs, 1), this.#signal);
      if (this.#outcome !== undefined) {
        // Another port was quicker.
        await host.close();
        throw new CancelledError();
      }
      this.#options.onAttempt(way.target, undefined, elapsedMs());
      this.#end({ host });
    } catch (error) {
      if (this.#signal.aborted) throw new CancelledError();
      if (!(error instanceof BootmachineError)) throw error;
      this.#options.onAttempt(way.target, error, elapsedMs());
      if (!mayPass(error)) throw error;
      // An attempt that our own limit cut short says less than the one before it.
      const wasCutShort = AT_LIMIT.has(error.code) && limitMs < way.options.connectTimeoutMs;
      if (!wasCutShort || !this.#failures.has(way)) this.#failures.set(way, error);
    }
  }

  /** @throws the failure of a host that goes on letting somebody in who then can do nothing */
  #giveUpOnUnsettled(): void {
    const unsettled = [...this.#failures.values()].find(({ code }) => SETTLES.has(code));
    if (unsettled === undefined) return;
    this.#letInAt ??= performance.now();
    if (performance.now() - this.#letInAt > SETTLING_MS) throw unsettled;
  }
}

async function attempt(
  options: WaitForHostOptions,
  candidate: HostCandidate,
  limitMs: number,
  signal: AbortSignal,
): Promise<Host> {
  const connectTimeoutMs = Math.min(candidate.options.connectTimeoutMs, limitMs);
  return openHost(options.transport, candidate.target, candidate.options, {
    signal,
    connectTimeoutMs,
    ...(options.who === undefined ? {} : { who: options.who }),
  });
}

function groups<T>(all: readonly T[], keyOf: (one: T) => string): readonly (readonly T[])[] {
  return [...Map.groupBy(all, keyOf).values()];
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
    "LOGIN_TIMEOUT",
    "HOST_NOT_READY",
    "KEY_REFUSED",
    "NOT_ROOT",
    "COMMAND_FAILED",
  ];
  return order.indexOf(error.code);
}
