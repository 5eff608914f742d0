import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeOldPorts, judgePorts, type PortsSeen } from "../../../src/proof/judge-ports.ts";
import { describePorts, isInRange } from "../../../src/proof/port-ranges.ts";
import type { PortState } from "../../../src/proof/port-scan.ts";
import { wellKnownPorts } from "../../../src/proof/well-known-ports.ts";
import type { Opening } from "../../../src/stack/stack.ts";

function opening(port: number | string, from: Opening["from"] = "anywhere"): Opening {
  return { port, protocol: "tcp", from, roles: [] };
}

function sight(states: Record<number, PortState>, address = "10.0.0.9"): PortsSeen["ipv4"] {
  const map = new Map(Object.entries(states).map(([port, state]) => [Number(port), state]));
  return { address, states: map, ms: 12 };
}

function judge(overrides: Partial<PortsSeen>) {
  const results = judgePorts({
    openings: [],
    controllerAddress: "192.0.2.7",
    ipv4: sight({ 80: "filtered", 81: "filtered" }),
    ipv6: undefined,
    jumpHost: undefined,
    ...overrides,
  });
  return (id: string) => {
    const result = results.find((each) => each.id === id);
    if (result === undefined) throw new Error(`no result of ${id}`);
    return result;
  };
}

describe("judgePorts", () => {
  it("passes where all undeclared ports are silent", () => {
    const result = judge({});
    expect(result("ports-only-declared-ipv4").status).toBe("passed");
    expect(result("ports-undeclared-silent").status).toBe("passed");
    expect(result("ports-only-declared-ipv6").status).toBe("skipped");
    expect(result("ports-declared-reachable").status).toBe("skipped");
  });

  it("finds an undeclared open port, with what to look at", () => {
    const result = judge({ ipv4: sight({ 80: "filtered", 8080: "open" }) });
    expect(result("ports-only-declared-ipv4")).toMatchObject({
      status: "failed",
      detail: "1 undeclared port is open: 8080",
      diff: ["+ tcp 8080 open on 10.0.0.9"],
    });
  });

  it("finds it on IPv6 alone", () => {
    const result = judge({ ipv6: sight({ 8080: "open" }, "fd00::9") });
    expect(result("ports-only-declared-ipv4").status).toBe("passed");
    expect(result("ports-only-declared-ipv6").status).toBe("failed");
  });

  it("takes declared ports and ranges as declared", () => {
    const result = judge({
      openings: [opening(80), opening("6000-6010")],
      ipv4: sight({ 80: "open", 6005: "open", 81: "filtered" }),
    });
    expect(result("ports-only-declared-ipv4").status).toBe("passed");
    expect(result("ports-declared-reachable").status).toBe("passed");
  });

  it("does not take a udp opening for a tcp one", () => {
    const result = judge({
      openings: [{ ...opening(80), protocol: "udp" }],
      ipv4: sight({ 80: "open" }),
    });
    expect(result("ports-only-declared-ipv4").status).toBe("failed");
  });

  it("knows whether an opening for some addresses is for the controller", () => {
    const ipv4 = sight({ 80: "open" });
    const from = (block: string) => judge({ openings: [opening(80, [block])], ipv4 });
    expect(from("192.0.2.0/24")("ports-only-declared-ipv4").status).toBe("passed");
    expect(from("192.0.2.7")("ports-only-declared-ipv4").status).toBe("passed");
    expect(from("198.51.100.0/24")("ports-only-declared-ipv4").status).toBe("failed");
    expect(from("2001:db8::/32")("ports-only-declared-ipv4").status).toBe("failed");
  });

  it("does not blame what may be meant for us when it does not know who we are", () => {
    const result = judge({
      openings: [opening(80, ["198.51.100.0/24"])],
      controllerAddress: undefined,
      ipv4: sight({ 80: "open" }),
    });
    expect(result("ports-only-declared-ipv4").status).toBe("passed");
  });

  it("warns of a hole without a listener, and of a declared port that is filtered", () => {
    const result = judge({
      openings: [opening(443)],
      ipv4: sight({ 80: "filtered", 8080: "closed", 443: "filtered" }),
    });
    expect(result("ports-undeclared-silent")).toMatchObject({
      status: "failed",
      severity: "warning",
      diff: ["+ tcp 8080 refused on 10.0.0.9"],
    });
    expect(result("ports-declared-reachable")).toMatchObject({
      status: "failed",
      diff: ["- tcp 443 reachable on 10.0.0.9"],
    });
  });

  it("claims nothing of ports that it could not ask", () => {
    expect(
      judge({ ipv4: sight({ 80: "filtered", 81: "unknown" }) })("ports-only-declared-ipv4").status,
    ).toBe("failed");
    expect(judge({ ipv4: sight({ 80: "unknown" }) })("ports-only-declared-ipv4").status).toBe(
      "skipped",
    );
  });

  it("skips all behind a jump host", () => {
    const result = judge({ jumpHost: "gate" });
    expect(result("ports-only-declared-ipv4").status).toBe("skipped");
  });
});

describe("judgeOldPorts", () => {
  const at = (address: string, states: Record<number, PortState>) => ({
    address,
    states: new Map(Object.entries(states).map(([port, state]) => [Number(port), state])),
  });

  it("fails on an open one only", () => {
    const here = (states: Record<number, PortState>) => [at("10.0.0.9", states)];
    expect(judgeOldPorts([22], here({ 22: "filtered" }), 1).status).toBe("passed");
    expect(judgeOldPorts([22], here({ 22: "closed" }), 1).status).toBe("passed");
    expect(judgeOldPorts([22, 2222], here({ 22: "filtered", 2222: "open" }), 1)).toMatchObject({
      status: "failed",
      diff: ["+ tcp 2222 open on 10.0.0.9"],
    });
    expect(judgeOldPorts([22], here({ 22: "unknown" }), 1).status).toBe("failed");
    expect(judgeOldPorts([], here({}), 1).status).toBe("skipped");
    expect(judgeOldPorts([22], undefined, 1).status).toBe("skipped");
  });

  it("fails where it is open on one address alone, whichever comes first", () => {
    const open = at("10.0.0.9", { 22: "open" });
    const shut = at("fd00::9", { 22: "filtered" });
    for (const sights of [
      [open, shut],
      [shut, open],
    ]) {
      expect(judgeOldPorts([22], sights, 1)).toMatchObject({
        status: "failed",
        diff: ["+ tcp 22 open on 10.0.0.9"],
      });
    }
  });

  it("asks no more than one address to be seen", () => {
    const far = at("fd00::9", { 22: "unknown" });
    expect(judgeOldPorts([22], [far, at("10.0.0.9", { 22: "filtered" })], 1).status).toBe("passed");
    expect(judgeOldPorts([22], [far, at("10.0.0.9", { 22: "open" })], 1).status).toBe("failed");
  });
});

describe("port ranges", () => {
  it("describes ports in groups that hold exactly them", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { maxLength: 40 }),
        (ports) => {
          const groups = ports.length === 0 ? [] : describePorts(ports, 1000).split(", ");
          const held = (port: number) => groups.some((group) => isInRange(port, group));
          for (const port of ports) expect(held(port)).toBe(true);
          for (const port of ports) {
            expect(held(port + 1)).toBe(ports.includes(port + 1));
            expect(held(port - 1)).toBe(ports.includes(port - 1));
          }
        },
      ),
    );
  });

  it("says how many groups it left out", () => {
    expect(describePorts([1, 3, 5, 7], 2)).toBe("1, 3 and 2 more");
  });
});

describe("wellKnownPorts", () => {
  it("has all of 1-1023, no port twice, none outside the range", () => {
    const ports = wellKnownPorts();
    expect(ports.slice(0, 1023)).toEqual(Array.from({ length: 1023 }, (_, index) => index + 1));
    expect(new Set(ports).size).toBe(ports.length);
    expect(Math.max(...ports)).toBeLessThan(65_536);
    expect(ports).toEqual(expect.arrayContaining([2375, 3306, 5432, 6379, 9200, 11_211, 27_017]));
  });
});
