import { createConnection } from "node:net";
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

/** How many probes may be under way at once, over all servers. */
export interface ProbeBudget {
  acquire(): Promise<void>;
  release(): void;
}

/** A budget that all scans of one run share. `maxProbes`: 1-10000; each is one socket for at most the probe's limit. */
export function createProbeBudget(maxProbes: number): ProbeBudget {
  let free = maxProbes;
  const waiting: (() => void)[] = [];
  return {
    acquire() {
      if (free > 0) {
        free -= 1;
        return Promise.resolve();
      }
      return new Promise((resolve) => waiting.push(resolve));
    },
    release() {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
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

/** What ends the attempts under way when the run is cancelled: one listener a scan, not one for each of its sockets. */
type Stops = Set<() => void>;

function connectOnce(
  address: string,
  port: number,
  timeoutMs: number,
  stops: Stops,
): Promise<PortState | "short"> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: address, port });
    const finish = (state: PortState | "short"): void => {
      clearTimeout(timer);
      stops.delete(stop);
      socket.destroy();
      resolve(state);
    };
    const stop = (): void => finish("unknown");
    stops.add(stop);
    const timer = setTimeout(() => finish("filtered"), timeoutMs);
    socket.once("connect", () => finish("open"));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      const code = error.code ?? "";
      if (CLOSED.has(code)) finish("closed");
      else if (FILTERED.has(code)) finish("filtered");
      else finish(SHORT.has(code) ? "short" : "unknown");
    });
  });
}

/** Asks one port; a place in the budget is taken. */
async function askPort(
  address: string,
  port: number,
  options: ScanOptions,
  stops: Stops,
): Promise<PortState> {
  for (let attempt = 0; attempt < SHORT_RETRIES; attempt++) {
    if (options.signal.aborted) return "unknown";
    const state = await connectOnce(address, port, options.probeTimeoutMs, stops);
    if (state !== "short") return state;
    await sleep(SHORT_PAUSE_MS);
  }
  return "unknown";
}

async function withStops<T>(signal: AbortSignal, work: (stops: Stops) => Promise<T>): Promise<T> {
  const stops: Stops = new Set();
  const onAbort = (): void => {
    for (const stop of stops) stop();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await work(stops);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
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

/** A port is taken up only when there is room for it: a thousand for each of hundreds of servers that wait would be much memory. */
function askAll(
  address: string,
  ports: readonly number[],
  options: ScanOptions,
): Promise<ReadonlyMap<number, PortState>> {
  return withStops(options.signal, async (stops) => {
    const states = new Map<number, PortState>(ports.map((port) => [port, "unknown"]));
    const underWay = new Set<Promise<void>>();
    for (const port of ports) {
      await options.budget.acquire();
      const asked = askPort(address, port, options, stops).then((state) => {
        states.set(port, state);
        underWay.delete(asked);
        options.budget.release();
      });
      underWay.add(asked);
    }
    await Promise.all(underWay);
    return states;
  });
}
