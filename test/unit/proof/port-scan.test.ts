import { createServer, type Server } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { CancelledError } from "../../../src/errors/error.ts";
import {
  askSilentAgain,
  type PortState,
  createProbeBudget,
  PortProbe,
  probePort,
  scanPorts,
} from "../../../src/proof/port-scan.ts";

const servers: Server[] = [];

async function listen(host: string): Promise<number> {
  const server = createServer((socket) => socket.destroy());
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function freePort(host: string): Promise<number> {
  const port = await listen(host);
  const server = servers.pop();
  await new Promise((resolve) => server?.close(resolve));
  return port;
}

afterEach(async () => {
  await Promise.all(
    servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))),
  );
});

function options(maxProbes = 100, signal = new AbortController().signal) {
  return { budget: createProbeBudget(maxProbes), probeTimeoutMs: 2000, signal };
}

describe("scanPorts", () => {
  it("tells an open port from a closed one, on both address families", async () => {
    for (const host of ["127.0.0.1", "::1"]) {
      const open = await listen(host);
      const closed = await freePort(host);
      const states = await scanPorts(host, [open, closed], options());
      expect(states.get(open)).toBe("open");
      expect(states.get(closed)).toBe("closed");
    }
  });

  it("says that it could not ask where this computer has no way", async () => {
    // A name that cannot be resolved: nothing was asked, so nothing may be claimed.
    expect(await probePort("no-such-host.invalid", 80, options())).toBe("unknown");
  });

  it("throws CancelledError on abort", async () => {
    const controller = new AbortController();
    controller.abort();
    await expect(scanPorts("127.0.0.1", [1], options(1, controller.signal))).rejects.toThrow(
      CancelledError,
    );
  });
});

describe("a probe", () => {
  it("reads an answer that lies there before it believes in silence", async () => {
    const open = await listen("127.0.0.1");
    const asked = new PortProbe().ask("127.0.0.1", open, 20);
    // This process does not get to run until the limit is over, as on a busy computer.
    process.nextTick(() => {
      const until = performance.now() + 60;
      while (performance.now() < until);
    });
    expect(await asked).toBe("open");
  });

  it("asks again and again, whatever the answer before was", async () => {
    const open = await listen("127.0.0.1");
    const open6 = await listen("::1");
    const closed = await freePort("127.0.0.1");
    // One place: all attempts are made on one socket.
    const one = options(1);
    const asked = [
      ["127.0.0.1", open, "open"],
      ["127.0.0.1", closed, "closed"],
      ["no-such-host.invalid", 80, "unknown"],
      ["::1", open6, "open"],
      ["127.0.0.1", open, "open"],
      ["127.0.0.1", closed, "closed"],
    ] as const;
    for (const [address, port, state] of asked) {
      expect(await probePort(address, port, one), `${address}:${port}`).toBe(state);
    }
  });

  it("gives up at its limit, and can be used again after it", async () => {
    const open = await listen("127.0.0.1");
    const probe = new PortProbe();
    // So short that it ends before the answer, on whatever computer.
    expect(await probe.ask("127.0.0.1", open, 0)).toMatch(/^(filtered|open)$/);
    expect(await probe.ask("127.0.0.1", open, 2000)).toBe("open");
  });
});

describe("a scan and its budget", () => {
  it("takes up a port only when there is room for it", async () => {
    const host = "127.0.0.1";
    const open = await listen(host);
    const inner = createProbeBudget(2);
    let waiting = 0;
    let mostWaiting = 0;
    const budget = {
      acquire: async () => {
        waiting += 1;
        mostWaiting = Math.max(mostWaiting, waiting);
        const probe = await inner.acquire();
        waiting -= 1;
        return probe;
      },
      release: (probe: PortProbe) => inner.release(probe),
    };
    const ports = Array.from({ length: 50 }, (_, index) => open + index).filter(
      (port) => port < 65_536,
    );
    const states = await scanPorts(host, ports, { ...options(), budget });
    expect(mostWaiting).toBe(1);
    expect([...states.keys()]).toEqual(ports);
    expect(states.get(open)).toBe("open");
    // Every place was given back.
    await Promise.all([inner.acquire(), inner.acquire()]);
  });

  it("is cancelled in the middle, and gives every place back", async () => {
    const host = "127.0.0.1";
    const closed = await freePort(host);
    const controller = new AbortController();
    const inner = createProbeBudget(1);
    let taken = 0;
    const budget = {
      acquire: async () => {
        taken += 1;
        if (taken === 3) controller.abort();
        return inner.acquire();
      },
      release: (probe: PortProbe) => inner.release(probe),
    };
    const ports = Array.from({ length: 10 }, () => closed);
    await expect(
      scanPorts(host, ports, { ...options(1, controller.signal), budget }),
    ).rejects.toThrow(CancelledError);
    await inner.acquire();
  });
});

describe("ports that should answer", () => {
  it("are asked once more where they gave no answer, and no others are", async () => {
    const seen = new Map<number, PortState>([
      [80, "filtered"],
      [81, "filtered"],
      [443, "open"],
    ]);
    const asked: (readonly number[])[] = [];
    const again = await askSilentAgain(seen, [80, 443], async (silent) => {
      asked.push(silent);
      return new Map([[80, "closed"]]);
    });
    expect(asked).toEqual([[80]]);
    expect(Object.fromEntries(again)).toEqual({ 80: "closed", 81: "filtered", 443: "open" });
  });

  it("cost nothing where all have answered", async () => {
    const seen = new Map<number, PortState>([[80, "closed"]]);
    const again = await askSilentAgain(seen, [80], () => Promise.reject(new Error("asked")));
    expect(again).toBe(seen);
  });
});

describe("createProbeBudget", () => {
  it("never has more probes under way than it allows, and lets all through", async () => {
    const budget = createProbeBudget(3);
    let underWay = 0;
    let most = 0;
    let done = 0;
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const probe = await budget.acquire();
        underWay += 1;
        most = Math.max(most, underWay);
        await new Promise((resolve) => setImmediate(resolve));
        underWay -= 1;
        done += 1;
        budget.release(probe);
      }),
    );
    expect(most).toBe(3);
    expect(done).toBe(20);
  });
});
