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

function connectOnce(
  address: string,
  port: number,
  options: ScanOptions,
): Promise<PortState | "short"> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: address, port });
    const finish = (state: PortState | "short"): void => {
      clearTimeout(timer);
      options.signal.removeEventListener("abort", onAbort);
      socket.destroy();
      resolve(state);
    };
    const onAbort = (): void => finish("unknown");
    const timer = setTimeout(() => finish("filtered"), options.probeTimeoutMs);
    options.signal.addEventListener("abort", onAbort, { once: true });
    socket.once("connect", () => finish("open"));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      const code = error.code ?? "";
      if (CLOSED.has(code)) finish("closed");
      else if (FILTERED.has(code)) finish("filtered");
      else finish(SHORT.has(code) ? "short" : "unknown");
    });
  });
}

/** One TCP connection attempt; nothing is sent. */
export async function probePort(
  address: string,
  port: number,
  options: ScanOptions,
): Promise<PortState> {
  await options.budget.acquire();
  try {
    for (let attempt = 0; attempt < SHORT_RETRIES; attempt++) {
      if (options.signal.aborted) return "unknown";
      const state = await connectOnce(address, port, options);
      if (state !== "short") return state;
      await sleep(SHORT_PAUSE_MS);
    }
    return "unknown";
  } finally {
    options.budget.release();
  }
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
  const states = await Promise.all(
    ports.map(async (port) => [port, await probePort(address, port, options)] as const),
  );
  if (options.signal.aborted) throw new CancelledError();
  return new Map(states);
}
