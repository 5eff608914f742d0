import { describe, expect, test } from "vitest";

import { ansible } from "../../../src/configurators/ansible/ansible.ts";
import { none } from "../../../src/configurators/none.ts";
import { declaredInlets, meanwhileInlets, sshSourcesText } from "../../../src/fleet/inlets.ts";
import type { ServerRecord } from "../../../src/fleet/server-records.ts";
import type { Machine } from "../../../src/providers/contract.ts";
import type { Opening, Server, Stack } from "../../../src/stack/stack.ts";

/** As much of a stack as decides it. */
function stackOf(
  servers: readonly {
    readonly name?: string;
    readonly port: number;
    readonly firewall?: readonly Opening[];
  }[],
  more: Partial<Stack> = { configurator: none() },
): Stack {
  return {
    servers: servers.map(
      ({ name = "web", port, firewall = [] }) =>
        ({ name, ssh: { port }, firewall }) as Partial<Server>,
    ),
    ...more,
  } as unknown as Stack;
}

const opening = (
  port: number | string,
  from: Opening["from"],
  protocol: Opening["protocol"] = "tcp",
): Opening => ({ port, protocol, from, roles: [] });

const anywhere = (port: number) => ({
  protocol: "tcp",
  fromPort: port,
  toPort: port,
  from: "anywhere",
});

describe("what may come in once every machine is on its declared way", () => {
  test("each declared ssh port, and the openings of all servers, each once; not port 22", () => {
    const web = opening(443, "anywhere");
    const stack = stackOf([
      { port: 2849, firewall: [web, opening("6000-6010", "stack", "udp")] },
      { port: 2849, firewall: [web] },
      { port: 2222 },
    ]);
    expect(declaredInlets(stack)).toEqual([
      anywhere(2849),
      anywhere(443),
      { protocol: "udp", fromPort: 6000, toPort: 6010, from: "stack" },
      anywhere(2222),
    ]);
  });

  test.each([2849, "2800-2900"])(
    "an opening of %s narrows the ssh port, as on the host",
    (port) => {
      const stack = stackOf([{ port: 2849, firewall: [opening(port, ["2001:DB8:0::/48"])] }]);
      const [fromPort, toPort] = port === 2849 ? [2849, 2849] : [2800, 2900];
      // As clouds write it.
      expect(declaredInlets(stack)).toEqual([
        { protocol: "tcp", fromPort, toPort, from: ["2001:db8::/48"] },
      ]);
    },
  );

  test("the members reach their master", () => {
    const masterPorts = [{ port: "4505-4506", protocol: "tcp" }];
    const configurator = { ...none(), masterPorts };
    const stack = stackOf([{ port: 2849 }, { port: 2849 }], {
      master: "web",
      configurator,
    } as never);
    expect(declaredInlets(stack)).toContainEqual({
      protocol: "tcp",
      fromPort: 4505,
      toPort: 4506,
      from: "stack",
    });
  });
});

describe("what must come in besides while a run lasts", () => {
  const machine = (server: string, more: Partial<Machine> = {}): Machine =>
    ({
      id: `id-${server}`,
      server,
      status: "running",
      login: { user: "debian", port: 22 },
      ...more,
    }) as Machine;
  const look = (
    ports: Readonly<Record<string, number>>,
    ways: Readonly<Record<string, number>>,
    selected: readonly string[],
    machines: readonly Machine[] = Object.keys(ports).map((name) => machine(name)),
  ) => {
    const stack = stackOf(Object.entries(ports).map(([name, port]) => ({ name, port })));
    const records = {
      get: (server: string, id: string): ServerRecord | undefined => {
        const port = ways[server];
        if (port === undefined || id !== `id-${server}`) return undefined;
        return { machineId: id, proof: "published", keys: [], way: { user: "ada", port } };
      },
    };
    const observed = new Map(machines.map((one) => [one.server, one]));
    return meanwhileInlets(
      stack,
      records,
      observed,
      stack.servers.filter(({ name }) => selected.includes(name)),
    );
  };

  test("nothing, where all are known to be where they are declared to be", () => {
    expect(look({ web: 2849, db: 2222 }, { web: 2849, db: 2222 }, ["web", "db"])).toEqual([]);
  });

  test("the port on which a host listens that is about to move, also of one that is not selected", () => {
    expect(look({ web: 2222, db: 2222 }, { web: 2849, db: 2850 }, ["web"])).toEqual([
      anywhere(2849),
      anywhere(2850),
    ]);
  });

  test("the first login: of a machine that is made, that is another one by now, that failed, of which nothing is known", () => {
    expect(look({ web: 2849 }, {}, ["web"], [])).toEqual([anywhere(22)]);
    const other = machine("web", { id: "id-other" });
    expect(look({ web: 2849 }, { web: 2849 }, ["web"], [other])).toEqual([anywhere(22)]);
    const failed = machine("web", { status: "failed" });
    expect(look({ web: 2849 }, { web: 2849 }, ["web"], [failed])).toEqual([anywhere(22)]);
    const named = machine("web", { login: { user: "core", port: 2022 } });
    expect(look({ web: 2849 }, {}, ["web"], [named])).toEqual([anywhere(2022)]);
  });

  test("nothing for one that is not selected and of which nothing is known: what is open stays", () => {
    expect(look({ web: 2849, db: 2849 }, { web: 2849 }, ["web"])).toEqual([]);
    expect(look({ web: 2849, db: 2849 }, { web: 2849 }, ["web"], [machine("web")])).toEqual([]);
  });
});

test.each([
  [[], "anywhere"],
  [[opening(443, ["192.0.2.1"])], "anywhere"],
  [[opening(2849, ["192.0.2.9", "192.0.2.1"])], "192.0.2.1, 192.0.2.9"],
  [[opening(2849, ["192.0.2.1"]), opening("2000-3000", "anywhere")], "anywhere"],
  [[opening(2849, "stack")], "stack"],
] as const)("from where people may log in: %j is %s", (firewall, text) => {
  const [server] = stackOf([{ port: 2849, firewall }]).servers;
  expect(sshSourcesText(server as Server)).toBe(text);
});

test("a master that pushes comes from the stack, where the ssh port is narrowed", () => {
  const narrowed = [{ port: 2849, firewall: [opening(2849, ["192.0.2.0/24"])] }];
  const fromStack = { protocol: "tcp", fromPort: 2849, toPort: 2849, from: "stack" };
  const of = (more: Partial<Stack>) => declaredInlets(stackOf(narrowed, more));
  expect(of({ configurator: ansible({}), master: "boss" })).toContainEqual(fromStack);
  // From the controller, or from nowhere: nobody needs it.
  expect(of({ configurator: ansible({}) })).not.toContainEqual(fromStack);
  expect(of({ configurator: ansible({ from: "controller" }), master: "boss" })).not.toContainEqual(
    fromStack,
  );
  const open = declaredInlets(
    stackOf([{ port: 2849, firewall: [] }], { configurator: ansible({}), master: "boss" }),
  );
  expect(open).not.toContainEqual(fromStack);
});
