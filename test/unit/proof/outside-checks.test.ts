import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { CancelledError } from "../../../src/errors/error.ts";
import { CHECKS } from "../../../src/proof/checks.ts";
import { type OutsideChecksOptions, runOutsideChecks } from "../../../src/proof/outside-checks.ts";
import type { Transport } from "../../../src/transport/contract.ts";
import { SERVER, STACK } from "./proof-context.ts";

/** A transport whose ssh says what the test says, as a program of its own. */
function transportSaying(text: string): Transport {
  return {
    connect: () => Promise.reject(new Error("not asked for")),
    command: () => [process.execPath, "-e", `process.stderr.write(${JSON.stringify(text)})`, "--"],
  };
}

function options(overrides: Partial<OutsideChecksOptions> = {}): OutsideChecksOptions {
  return {
    stack: STACK,
    server: SERVER,
    addresses: ["127.0.0.1"],
    arrivalPort: 22,
    transport: transportSaying("ssh: connect to host 127.0.0.1: Connection refused"),
    sshOptions: {
      knownHostsFile: "/nowhere",
      hostKeyAlias: "shop.web1",
      configFile: "none",
      connectTimeoutMs: 1000,
    },
    signal: new AbortController().signal,
    ports: [1],
    ...overrides,
  };
}

const OUTSIDE = Object.values(CHECKS)
  .filter(({ from }) => from === "outside")
  .map(({ id }) => id);

describe("runOutsideChecks", () => {
  it("has a result for every outside check, also where nothing answers", async () => {
    const results = await runOutsideChecks(options());
    expect(results.map(({ id }) => id).sort()).toEqual([...OUTSIDE].sort());
    const failed = results.filter(({ status }) => status === "failed").map(({ id }) => id);
    expect(failed).toEqual(expect.arrayContaining(["ssh-answers", "operator-login"]));
  });

  it("takes silent ports for no proof where ssh is silent too", async () => {
    const results = await runOutsideChecks(options());
    expect(results.filter(({ status }) => status === "passed")).toEqual([]);
  });

  it.each([
    ["127.0.0.1", "ports-only-declared-ipv4", "ports-only-declared-ipv6"],
    ["::1", "ports-only-declared-ipv6", "ports-only-declared-ipv4"],
  ])("finds an undeclared port by a real connection to %s alone", async (host, family, other) => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    try {
      const results = await runOutsideChecks(
        options({ addresses: [host], ports: [1, address.port] }),
      );
      expect(results.find(({ id }) => id === family)).toMatchObject({
        status: "failed",
        diff: [`+ tcp ${address.port} open on ${host}`],
      });
      expect(results.find(({ id }) => id === other)?.status).toBe("skipped");
    } finally {
      server.close();
    }
  });

  it.each([[["127.0.0.1", "::1"]], [["::1", "127.0.0.1"]]])(
    "finds the old port open at one of %j, whichever leads in first",
    async (addresses) => {
      const server = createServer((socket) => socket.destroy());
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("no port");
      try {
        const results = await runOutsideChecks(options({ addresses, arrivalPort: address.port }));
        const old = results.find(({ id }) => id === "ssh-old-port-closed");
        expect(old?.diff).toContain(`+ tcp ${address.port} open on 127.0.0.1`);
      } finally {
        server.close();
      }
    },
  );

  it("skips what cannot be seen through a jump host, and says so", async () => {
    const { sshOptions } = options();
    const results = await runOutsideChecks(
      options({ sshOptions: { ...sshOptions, jumpHost: "gate" } }),
    );
    expect(results.map(({ id }) => id).sort()).toEqual([...OUTSIDE].sort());
    expect(results.find(({ id }) => id === "ports-only-declared-ipv4")?.status).toBe("skipped");
  });

  it("throws CancelledError on abort", async () => {
    const controller = new AbortController();
    controller.abort();
    await expect(runOutsideChecks(options({ signal: controller.signal }))).rejects.toThrow(
      CancelledError,
    );
  });
});
