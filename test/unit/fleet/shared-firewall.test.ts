import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { none } from "../../../src/configurators/none.ts";
import { ProviderError } from "../../../src/errors/error.ts";
import type { EventBody, Phase } from "../../../src/fleet/events.ts";
import type { RunContext } from "../../../src/fleet/run-context.ts";
import type { ServerRecord } from "../../../src/fleet/server-records.ts";
import { closeShared, openShared } from "../../../src/fleet/shared-firewall.ts";
import { declaredWayText } from "../../../src/fleet/ways-in.ts";
import { openstack } from "../../../src/providers/openstack/openstack.ts";
import type { Machine, SharedReport, SharedWish } from "../../../src/providers/contract.ts";
import type { Server, Stack } from "../../../src/stack/stack.ts";
import { requestOf } from "../../provider-calls.ts";
import { OpenStackSimulator } from "../../simulators/openstack/openstack-simulator.ts";

const NOTHING: SharedReport = { made: [], opened: [], closed: [], surplus: [] };
const OLD = "tcp 22 from anywhere";
const both = ["web", "db"];

interface World {
  readonly stack: Stack;
  readonly context: RunContext;
  readonly wishes: readonly SharedWish[];
  readonly events: readonly EventBody[];
  readonly records: Map<string, ServerRecord>;
  /** What the provider has. */
  readonly machines: Machine[];
  /** How often it was asked for them. */
  readonly looks: () => number;
}

const machine = (server: string): Machine => ({ id: `id-${server}`, server }) as Machine;

/** Two servers, web and db, on the declared port 2849. @param answer the provider's */
function world(
  about: {
    readonly phases?: readonly Phase[];
    readonly mode?: "apply" | "plan";
    readonly signal?: AbortSignal;
    readonly answer?: (wish: SharedWish) => SharedReport;
  } = {},
): World {
  const { phases = ["boot", "trust", "secure"], mode = "apply" } = about;
  const { signal = new AbortController().signal, answer = () => NOTHING } = about;
  const wishes: SharedWish[] = [];
  const events: EventBody[] = [];
  const records = new Map<string, ServerRecord>();
  const machines: Machine[] = [];
  let looks = 0;
  const stack = {
    name: "shop",
    operator: "ada",
    configurator: none(),
    servers: ["web", "db"].map(
      (name) => ({ name, ssh: { port: 2849 }, firewall: [] }) as unknown as Server,
    ),
    provider: {
      name: "cloud",
      observe: async () => {
        looks += 1;
        return await Promise.resolve(machines);
      },
      ensureShared: async (wish: SharedWish) => {
        wishes.push(wish);
        return await Promise.resolve(answer(wish));
      },
    },
  } as unknown as Stack;
  const context = {
    stack,
    signal,
    mode,
    phases: new Set(phases),
    emit: (event: EventBody) => void events.push(event),
    records: {
      get: (server: string, id: string) => {
        const record = records.get(server);
        return record?.machineId === id ? record : undefined;
      },
    },
  } as unknown as RunContext;
  return { stack, context, wishes, events, records, machines, looks: () => looks };
}

/** Leaves a server as an earlier run has left it. */
function settle({ stack, records }: World, name: string, port = 2849): void {
  const server = stack.servers.find((one) => one.name === name) as Server;
  const then = { ...server, ssh: { ...server.ssh, port } };
  records.set(name, {
    machineId: `id-${name}`,
    proof: "published",
    keys: [],
    way: { user: "ada", port },
    settled: declaredWayText(stack, then),
  });
}

/** How the end of a run looks. @param settled servers whose phase secure ended well in it */
function ending(
  one: World,
  about: {
    readonly selected: readonly string[];
    readonly settled: readonly string[];
    readonly failed?: readonly string[];
    readonly machines?: readonly string[];
    readonly surplus?: readonly string[];
  },
): Parameters<typeof closeShared>[1] {
  const { selected, settled, failed = [], machines = both, surplus = [OLD] } = about;
  one.machines.splice(0, Infinity, ...machines.map(machine));
  for (const name of settled) settle(one, name);
  return {
    opened: { ...NOTHING, surplus },
    runs: one.stack.servers
      .filter(({ name }) => selected.includes(name))
      .map((server) => ({
        server,
        isSettled: settled.includes(server.name),
        machine: one.machines.find((found) => found.server === server.name),
      })),
    failed: new Set(failed),
  };
}

const warnings = ({ events }: World): readonly string[] =>
  events.flatMap((event) =>
    event.type === "note" && event.level === "warning" ? [event.text] : [],
  );
const modes = ({ wishes }: World): readonly string[] => wishes.map(({ mode }) => mode);
describe("at the beginning", () => {
  test("what is declared and what is needed meanwhile is let in, and what was done is told", async () => {
    const one = world({ answer: () => ({ ...NOTHING, made: ["the group"], opened: [OLD] }) });
    await openShared(one.context, one.stack.servers, new Map());
    expect(one.wishes).toEqual([
      {
        mode: "open",
        inlets: [{ protocol: "tcp", fromPort: 2849, toPort: 2849, from: "anywhere" }],
        meanwhile: [{ protocol: "tcp", fromPort: 22, toPort: 22, from: "anywhere" }],
      },
    ]);
    const told = { provider: "cloud", made: ["the group"], opened: [OLD], closed: [] };
    expect(one.events).toEqual([{ type: "shared", isPlanned: false, ...told }]);
  });

  test("a plan is told what would be opened and closed", async () => {
    const one = world({ mode: "plan", answer: () => ({ ...NOTHING, surplus: [OLD] }) });
    const opened = await openShared(one.context, one.stack.servers, new Map());
    expect(modes(one)).toEqual(["plan"]);
    const told = { provider: "cloud", made: [], opened: [], closed: [OLD] };
    expect(one.events).toEqual([{ type: "shared", isPlanned: true, ...told }]);
    expect(opened).toBeDefined();
    await closeShared(one.context, ending(one, { selected: both, settled: both }));
    expect(modes(one)).toEqual(["plan"]);
  });

  test("where nothing differs nothing is told; a run without boot and secure asks for nothing", async () => {
    const one = world();
    await openShared(one.context, one.stack.servers, new Map());
    expect(one.events).toEqual([]);
    const other = world({ phases: ["trust", "verify"] });
    expect(await openShared(other.context, other.stack.servers, new Map())).toBeUndefined();
    expect(other.wishes).toEqual([]);
  });
});

describe("at the end", () => {
  test("the rest is closed when all servers are on their declared way", async () => {
    const one = world({ answer: () => ({ ...NOTHING, closed: [OLD] }) });
    await closeShared(one.context, ending(one, { selected: both, settled: both }));
    expect(one.wishes).toMatchObject([{ mode: "close", meanwhile: [] }]);
    expect(one.events).toMatchObject([{ type: "shared", closed: [OLD] }]);
  });

  test("nobody is asked where nothing is open that is not declared", async () => {
    const one = world();
    await closeShared(one.context, ending(one, { selected: both, settled: both, surplus: [] }));
    expect(one.wishes).toEqual([]);
  });

  test("one that is not selected counts: as an earlier run has left it, or with no machine at all", async () => {
    const one = world();
    settle(one, "db");
    await closeShared(one.context, ending(one, { selected: ["web"], settled: ["web"] }));
    expect(modes(one)).toEqual(["close"]);
    const other = world();
    const without = { selected: ["web"], settled: ["web"], machines: ["web"] };
    await closeShared(other.context, ending(other, without));
    expect(modes(other)).toEqual(["close"]);
  });

  test.each([
    ["nothing is known of db", () => undefined],
    ["db is on another port", (one: World) => settle(one, "db", 2222)],
    [
      "another machine is called db by now",
      (one: World) => {
        settle(one, "db");
        one.records.set("db", { ...(one.records.get("db") as ServerRecord), machineId: "other" });
      },
    ],
    [
      "db was reached, and not secured",
      (one: World) => {
        settle(one, "db");
        const { settled: _settled, ...rest } = one.records.get("db") as ServerRecord;
        one.records.set("db", rest);
      },
    ],
  ])("nothing is closed, and that is said, where %s", async (_what, leave) => {
    const one = world();
    leave(one);
    await closeShared(one.context, ending(one, { selected: ["web"], settled: ["web"] }));
    expect(one.wishes).toEqual([]);
    expect(warnings(one)).toHaveLength(1);
    expect(warnings(one)[0]).toMatch(/^cloud still lets in tcp 22 from anywhere, .* db can/);
  });

  test("one that failed before it was secured keeps the rest open, whatever was known of it; one that failed later does not", async () => {
    const one = world();
    settle(one, "db");
    const early = { selected: both, settled: ["web"], failed: ["db"] };
    await closeShared(one.context, ending(one, early));
    expect(one.wishes).toEqual([]);
    // Nobody knows whether its machine was made.
    await closeShared(one.context, ending(one, { ...early, machines: ["web"] }));
    expect(one.wishes).toEqual([]);
    await closeShared(one.context, ending(one, { ...early, settled: both }));
    expect(modes(one)).toEqual(["close"]);
  });

  test("a machine that the config names no more keeps the rest open, unless its way stays open", async () => {
    const one = world();
    const about = { selected: both, settled: both, machines: [...both, "old"] };
    await closeShared(one.context, ending(one, about));
    expect(warnings(one)).toHaveLength(1);
    expect(warnings(one)[0]).toContain("that old can");
    const way = { user: "ada", port: 2849 };
    one.records.set("old", { machineId: "id-old", proof: "published", keys: [], way });
    await closeShared(one.context, ending(one, about));
    expect(modes(one)).toEqual(["close"]);
  });

  test("a second machine of a name keeps the rest open", async () => {
    const one = world();
    const end = ending(one, { selected: both, settled: both });
    one.machines.push({ ...machine("db"), id: "id-db-2" });
    await closeShared(one.context, end);
    expect(warnings(one)).toHaveLength(1);
    expect(warnings(one)[0]).toContain("that db can");
  });

  test("after Ctrl-C nothing is begun; a boot alone says nothing", async () => {
    const one = world({ signal: AbortSignal.abort() });
    await closeShared(one.context, ending(one, { selected: both, settled: both }));
    expect(one.wishes).toEqual([]);
    const other = world({ phases: ["boot"] });
    await closeShared(other.context, ending(other, { selected: both, settled: [] }));
    expect([...other.wishes, ...other.events]).toEqual([]);
  });

  test("a boot alone that has made machines needs no look to know that nothing can be closed; without any it looks, and closes", async () => {
    const one = world({ phases: ["boot"] });
    await closeShared(one.context, ending(one, { selected: both, settled: ["web"] }));
    expect([one.looks(), one.wishes]).toEqual([0, []]);
    const other = world({ phases: ["boot"] });
    await closeShared(other.context, ending(other, { selected: both, settled: both }));
    expect([other.looks(), modes(other)]).toEqual([1, ["close"]]);
  });

  test("why it could not be closed is the run's error", async () => {
    const failure = new ProviderError("PROVIDER_UNAVAILABLE", "no");
    const one = world({
      answer: () => {
        throw failure;
      },
    });
    expect(await closeShared(one.context, ending(one, { selected: both, settled: both }))).toBe(
      failure,
    );
  });
});

describe("the ssh port moves, at a simulated OpenStack", () => {
  let cloud: OpenStackSimulator;
  beforeEach(async () => {
    cloud = await OpenStackSimulator.start();
  });
  afterEach(async () => await cloud.close());

  test("the old one is open until every server has proved the new one, and not longer", async () => {
    const provider = openstack(
      { image: "debian-12", size: "m1.small", networks: ["private"], pollMs: 10 },
      cloud.environment,
    );
    const openPorts = (): readonly number[] =>
      cloud.project.rules
        .filter((rule) => rule["direction"] === "ingress" && rule["ethertype"] === "IPv6")
        .filter((rule) => rule["protocol"] === "tcp")
        .map((rule) => Number(rule["port_range_min"]))
        .toSorted((one, other) => one - other);
    /** A run of a config with this port, in which the phase secure ends well on some servers, and the others fail. */
    const run = async (port: number, settled: readonly string[]) => {
      const made = world();
      const servers = made.stack.servers.map((server) => ({ ...server, ssh: { port } }) as Server);
      const stack = { ...made.stack, servers, provider };
      const one = { ...made, stack, context: { ...made.context, stack } };
      const there = await provider.observe({ ...one.context, stack: "shop", progress });
      for (const { server, id } of there) {
        const record = known.get(server);
        if (record !== undefined) one.records.set(server, { ...record, machineId: id });
      }
      const observed = new Map(there.map((found) => [found.server, found]));
      const opened = await openShared(one.context, servers, observed);
      const during = openPorts();
      for (const name of both) {
        const { id } = await provider.ensure(requestOf(name), {
          ...asked,
          signal: one.context.signal,
        });
        if (!settled.includes(name)) continue;
        settle(one, name, port);
        const record = { ...(one.records.get(name) as ServerRecord), machineId: id };
        one.records.set(name, record);
        known.set(name, record);
      }
      const failed = new Set(both.filter((name) => !settled.includes(name)));
      const runs = servers.map((server) => ({
        server,
        isSettled: settled.includes(server.name),
        machine: observed.get(server.name),
      }));
      expect(
        await closeShared(one.context, { opened: opened ?? NOTHING, runs, failed }),
      ).toBeUndefined();
      return { during, after: openPorts(), warnings: warnings(one) };
    };
    const known = new Map<string, ServerRecord>();
    const progress = (): void => undefined;
    const asked = { stack: "shop", progress };

    expect(await run(2849, both)).toEqual({ during: [22, 2849], after: [2849], warnings: [] });
    // One of them does not get as far as the proof of its new way in.
    const half = await run(2222, ["web"]);
    expect(half).toMatchObject({ during: [2222, 2849], after: [2222, 2849] });
    expect(half.warnings).toEqual([
      expect.stringMatching(/^openstack still lets in tcp 2849 from anywhere, .* db can/),
    ]);
    expect(await run(2222, both)).toEqual({ during: [2222, 2849], after: [2222], warnings: [] });
  });
});
