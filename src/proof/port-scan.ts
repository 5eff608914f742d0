import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { CancelledError } from "../errors/error.ts";

/**
 * - `open`: somebody listens and the firewall lets us through.
 * - `closed`: refused at once; nobody listens, and nothing dropped the packet.
 * - `filtered`: no answer, or a router said no.
 * - `unknown`: this computer could not ask (no sockets left, no route of its own).
 */
export type PortState = "open" | "closed" | "filtered" | "unknown";

/** What the scan of one address saw. */
export interface AddressSight {
  readonly address: string;
  readonly states: ReadonlyMap<number, PortState>;
  readonly ms: number;
}

/** How many probes may be under way at once, over all servers. Each place is a probe that is used again and again. */
export interface ProbeBudget {
  acquire(): Promise<PortProbe>;
  release(probe: PortProbe): void;
}

/** A budget that all scans of one run share. `maxProbes`: 1-10000; each is one socket for at most the probe's limit. */
export function createProbeBudget(maxProbes: number): ProbeBudget {
  const idle: PortProbe[] = [];
  let made = 0;
  const waiting: ((probe: PortProbe) => void)[] = [];
  return {
    acquire() {
      const probe = idle.pop();
      if (probe !== undefined) return Promise.resolve(probe);
      if (made < maxProbes) {
        made += 1;
        return Promise.resolve(new PortProbe());
      }
      return new Promise((resolve) => waiting.push(resolve));
    },
    release(probe) {
      const next = waiting.shift();
      if (next === undefined) idle.push(probe);
      else next(probe);
    },
  };
}

export interface ScanOptions {
  readonly budget: ProbeBudget;
  /** Limit for one probe, ms. Longer than one second, so that one lost packet is sent again within it. */
  readonly probeTimeoutMs: number;
  readonly signal: AbortSignal;
}

const CLOSED = new Set(["ECONNREFUSED", "ECONNRESET"]);
/** What a firewall's "administratively prohibited" or a router's "unreachable" comes out as. */
const FILTERED = new Set([
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EACCES",
  "EPERM",
  "ENETDOWN",
]);
/** This computer is short of something for a moment. */
const SHORT = new Set(["EMFILE", "ENFILE", "ENOBUFS", "EADDRNOTAVAIL", "ENOMEM", "EAGAIN"]);
const SHORT_RETRIES = 20;
const SHORT_PAUSE_MS = 100;

function stateOf(error: NodeJS.ErrnoException): PortState | "short" {
  const code = error.code ?? "";
  if (CLOSED.has(code)) return "closed";
  if (FILTERED.has(code)) return "filtered";
  return SHORT.has(code) ? "short" : "unknown";
}

/**
 * One connection attempt after another, on one socket object. A scan of fifty servers is a hundred thousand attempts: an
 * object of its own for each was more memory than all the rest of the program.
 */
export class PortProbe {
  readonly #socket = new Socket();
  #timer: NodeJS.Timeout | undefined;
  #unread: NodeJS.Immediate | undefined;
  #state: PortState | "short" = "unknown";
  #settle: ((state: PortState | "short") => void) | undefined;

  constructor() {
    this.#socket.on("connect", () => this.#end("open"));
    this.#socket.on("error", (error) => this.#end(stateOf(error)));
    // Only then the socket can be used again.
    this.#socket.on("close", () => {
      const settle = this.#settle;
      this.#settle = undefined;
      settle?.(this.#state);
    });
  }

  /** One attempt; nothing is sent. One at a time. */
  ask(address: string, port: number, timeoutMs: number): Promise<PortState | "short"> {
    return new Promise((resolve) => {
      this.#settle = resolve;
      this.#state = "unknown";
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => {
        // On a busy computer the answer may lie there unread: what has come is read before silence is believed.
        this.#unread = setImmediate(() => this.#end("filtered"));
      }, timeoutMs);
      this.#socket.connect({ host: address, port });
    });
  }

  /** Ends the attempt under way, if there is one, as one that could not be made. */
  stop(): void {
    if (this.#settle !== undefined) this.#end("unknown");
  }

  #end(state: PortState | "short"): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#unread);
    this.#state = state;
    this.#socket.destroy();
  }
}

/** Asks one port with a probe of the budget. */
async function askPort(
  probe: PortProbe,
  address: string,
  port: number,
  options: ScanOptions,
): Promise<PortState> {
  for (let attempt = 0; attempt < SHORT_RETRIES; attempt++) {
    if (options.signal.aborted) return "unknown";
    const state = await probe.ask(address, port, options.probeTimeoutMs);
    if (state !== "short") return state;
    await sleep(SHORT_PAUSE_MS);
  }
  return "unknown";
}

/** One TCP connection attempt; nothing is sent. */
export async function probePort(
  address: string,
  port: number,
  options: ScanOptions,
): Promise<PortState> {
  const states = await askAll(address, [port], options);
  return states.get(port) ?? "unknown";
}

/**
 * Scans TCP ports of one address, as many at once as the budget lets through.
 *
 * @throws CancelledError on abort.
 */
export async function scanPorts(
  address: string,
  ports: readonly number[],
  options: ScanOptions,
): Promise<ReadonlyMap<number, PortState>> {
  const states = await askAll(address, ports, options);
  if (options.signal.aborted) throw new CancelledError();
  return states;
}

/**
 * A packet may be lost in the crowd of a scan: ports that should answer and did not are asked once more, without the crowd.
 *
 * @param ports those that should answer
 */
export async function askSilentAgain(
  states: ReadonlyMap<number, PortState>,
  ports: readonly number[],
  ask: (silent: readonly number[]) => Promise<ReadonlyMap<number, PortState>>,
): Promise<ReadonlyMap<number, PortState>> {
  const silent = ports.filter((port) => states.get(port) === "filtered");
  return silent.length === 0 ? states : new Map([...states, ...(await ask(silent))]);
}

/** A port is taken up only when there is room for it: a thousand that wait for each of hundreds of servers are much memory. */
async function askAll(
  address: string,
  ports: readonly number[],
  options: ScanOptions,
): Promise<ReadonlyMap<number, PortState>> {
  const { budget, signal } = options;
  const states = new Map<number, PortState>(ports.map((port) => [port, "unknown"]));
  const underWay = new Map<PortProbe, Promise<void>>();
  const onAbort = (): void => {
    for (const probe of underWay.keys()) probe.stop();
  };
  // One listener a scan, not one for each of its probes.
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    for (const port of ports) {
      const probe = await budget.acquire();
      const asked = askPort(probe, address, port, options).then((state) => {
        states.set(port, state);
        underWay.delete(probe);
        budget.release(probe);
      });
      underWay.set(probe, asked);
    }
    await Promise.all(underWay.values());
    return states;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
