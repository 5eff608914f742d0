import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { UserError } from "../../../src/errors/error.ts";
import type { ServerStatus } from "../../../src/fleet/fleet-contract.ts";
import type { Machine } from "../../../src/providers/contract.ts";
import { renderDestroyed, renderDestroyQuestion } from "../../../src/report/destroy-text.ts";
import { displayWidth, padEnd, sanitize, truncate } from "../../../src/report/display-width.ts";
import { formatAge, formatClock, formatDuration } from "../../../src/report/duration.ts";
import { wrapLine } from "../../../src/report/fit-line.ts";
import { renderError } from "../../../src/report/error-text.ts";
import {
  renderAnsibleInventory,
  renderHosts,
  renderInventoryYaml,
} from "../../../src/report/inventory-text.ts";
import { parseJournal, viewOf } from "../../../src/report/journal-text.ts";
import { renderRunList } from "../../../src/report/log-text.ts";
import { phaseTimes, slownessOf, type ServerView } from "../../../src/report/run-view.ts";
import { renderStatus } from "../../../src/report/status-table.ts";
import { plainStyle } from "../../../src/report/style.ts";
import { renderTable } from "../../../src/report/table.ts";
import { renderTimeline } from "../../../src/report/timeline.ts";
import {
  manyServers,
  START,
  threeServers,
  threeServersToTheEnd,
} from "../../golden/report/recorded-run.ts";

describe("display width", () => {
  test.each([
    ["", 0],
    ["abc", 3],
    ["naïve", 5],
    ["e\u0301", 1],
    ["日本", 4],
    ["…", 1],
  ])("%j takes %i columns", (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  test("what was cut is never wider than asked for, and says that it was cut", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }),
        fc.integer({ min: 0, max: 30 }),
        (raw, width) => {
          const text = sanitize(raw);
          const cut = truncate(text, width);
          expect(displayWidth(cut)).toBeLessThanOrEqual(width);
          if (displayWidth(text) <= width) expect(cut).toBe(width === 0 ? "" : text);
          else if (width > 0) expect(cut.endsWith("…")).toBe(true);
        },
      ),
    );
  });

  test("padding fills up by columns", () => {
    expect(padEnd("日", 4)).toBe("日  ");
    expect(padEnd("long", 2)).toBe("long");
  });
});

test.each([
  ["short", 20, ["short"]],
  ["  one two three four", 10, ["  one two", "    three", "    four"]],
  ["a word-that-is-much-too-long b", 10, ["a", "  word-that-is-much-too-long", "  b"]],
  ["\u001B[31mred\u001B[39m and more", 8, ["\u001B[31mred\u001B[39m and", "  more"]],
])("%j wrapped at %i columns", (line, columns, lines) => {
  expect(wrapLine(line, columns)).toEqual(lines);
});

describe("what hosts print", () => {
  test.each([
    ["\u001B[31mred\u001B[0m", "red"],
    ["\u001B]0;title\u0007text", "text"],
    ["\u001B]8;;http://x\u001B\\link\u001B]8;;\u001B\\", "link"],
    ["10%\r50%\r100%", "100%"],
    ["tab\there", "tab    here"],
    ["bell\u0007 back\u0008", "bell back"],
    ["right\u202Eto left", "rightto left"],
    ["\u009B31mC1", "31mC1"],
    ["line\r", "line"],
  ])("%j is shown as %j", (raw, shown) => {
    expect(sanitize(raw)).toBe(shown);
  });

  test("never holds a control character", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (raw) => {
        expect(sanitize(raw)).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});

test.each([
  [0, "0.0 s", "0:00"],
  [940, "0.9 s", "0:00"],
  [9940, "9.9 s", "0:09"],
  [9960, "10 s", "0:09"],
  [59_400, "59 s", "0:59"],
  [59_600, "0:59", "0:59"],
  [61_000, "1:01", "1:01"],
  [3_723_000, "1:02:03", "1:02:03"],
  [-5, "0.0 s", "0:00"],
])("%i ms is %s, on the clock %s", (ms, duration, clock) => {
  expect(formatDuration(ms)).toBe(duration);
  expect(formatClock(ms)).toBe(clock);
});

test.each([
  [5000, "5 s"],
  [300_000, "5 min"],
  [7_200_000, "2 h"],
  [864_000_000, "10 d"],
])("an age of %i ms is %s", (ms, age) => {
  expect(formatAge(ms)).toBe(age);
});

describe("errors", () => {
  test("config problems are listed with path, place and way out", () => {
    const error = new UserError("CONFIG_INVALID", "The config has 2 problems.", {
      problems: [
        {
          path: "servers[1].name",
          message: "is used twice",
          hint: "Rename one.",
          file: "bootmachine.config.ts",
          line: 12,
          column: 5,
        },
        { path: "", message: "is empty" },
      ],
    });
    expect(renderError(error.toRecord(), plainStyle)).toEqual([
      "error CONFIG_INVALID: The config has 2 problems.",
      "  - servers[1].name: is used twice  (bootmachine.config.ts:12:5)",
      "      Rename one.",
      "  - is empty",
      "  next: Mend each line of the list. Nothing was touched.",
    ]);
  });

  test("the stack trace is shown only when asked for", () => {
    const record = new UserError("USAGE", "No.").toRecord();
    expect(renderError(record, plainStyle).join("\n")).not.toContain("at ");
    expect(renderError(record, plainStyle, "Error: No.\n    at x").join("\n")).toContain("at x");
  });

  test("only the last lines of a long output are shown, and that is said", () => {
    const output = Array.from({ length: 40 }, (_, index) => `line ${index}`);
    const text = renderError(
      { code: "COMMAND_FAILED", kind: "remote", message: "m", hint: "h", output },
      plainStyle,
    ).join("\n");
    expect(text).toContain("last 12 lines");
    expect(text).toContain("line 39");
    expect(text).not.toContain("line 27\n");
  });
});

describe("slowness", () => {
  const view = (
    elapsed: readonly number[],
  ): { servers: readonly ServerView[]; at: (index: number) => number | undefined } => {
    const events = elapsed.flatMap((seconds, index) => [
      {
        type: "phase-started" as const,
        at: new Date(START + (100 - seconds) * 1000).toISOString(),
        server: `s${index}`,
        phase: "boot" as const,
      },
    ]);
    const whole = viewOf([
      {
        type: "run-started",
        at: new Date(START).toISOString(),
        runId: "r",
        command: "up",
        stack: "s",
        servers: elapsed.map((_, index) => `s${index}`),
        version: "1",
      },
      ...events,
    ]);
    const now = START + 100_000;
    const times = phaseTimes(whole, now);
    return {
      servers: whole.servers,
      at: (index) => slownessOf(whole.servers[index] as ServerView, times, now),
    };
  };

  test("longer than three times the median of the others", () => {
    const { at } = view([31, 10, 10]);
    expect(at(0)).toBeCloseTo(3.1);
    expect(at(1)).toBeUndefined();
    expect(view([29, 10, 10]).at(0)).toBeUndefined();
  });

  test("one server alone, or a short time, is never slow", () => {
    expect(view([90]).at(0)).toBeUndefined();
    expect(view([4, 1, 1]).at(0)).toBeUndefined();
  });
});

describe("journals", () => {
  const text = threeServers()
    .map((event) => JSON.stringify(event))
    .join("\n");

  test("a last line that was cut off, and foreign lines, are left out", () => {
    const cut = text.slice(0, -20);
    expect(parseJournal(cut)).toHaveLength(threeServers().length - 1);
    expect(parseJournal(`\n[]\nnull\n{"type":"x"}\n{"type":"step","at":"nonsense"}\n`)).toEqual([]);
    expect(parseJournal(`${text}\n`)).toEqual(threeServers());
  });

  test("a run that was cut off is called so", () => {
    const lines = renderRunList([viewOf(threeServers())], { columns: 120, style: plainStyle });
    expect(lines.join("\n")).toContain("cut off");
    const bars = renderTimeline(viewOf(threeServers()), { columns: 80, style: plainStyle }).join(
      "\n",
    );
    expect(bars).toContain("(cut off)");
  });

  test("events of a newer version do no harm", () => {
    const events = [
      ...threeServers(),
      { type: "from-the-future", at: new Date(START).toISOString() } as never,
    ];
    expect(viewOf(events).servers).toEqual(viewOf(threeServers()).servers);
  });

  test("an empty journal shows an empty run", () => {
    expect(renderTimeline(viewOf([]), { columns: 80, style: plainStyle })).toEqual([
      "0 servers, 0.0 s in all.",
    ]);
    expect(renderRunList([], { columns: 80, style: plainStyle })).toEqual(["No runs yet."]);
  });

  test.each([20, 40, 80, 200])("a time line of 300 servers fits %i columns", (columns) => {
    for (const line of renderTimeline(viewOf(manyServers(300, 120)), {
      columns,
      style: plainStyle,
    })) {
      expect(displayWidth(line)).toBeLessThanOrEqual(Math.max(columns, 40));
    }
  });

  test("a bar is made of the phases' letters, in proportion", () => {
    const [line = ""] = renderTimeline(viewOf(threeServersToTheEnd()), {
      columns: 80,
      style: plainStyle,
    }).slice(4, 5);
    expect(line).toMatch(/^database +b+t*p{40,}s{2,4}v+/);
  });
});

const machine = (server: string, more: Partial<Machine> = {}): Machine => ({
  id: `m-${server}`,
  stack: "shop",
  server,
  status: "running",
  publicAddresses: ["10.88.0.2"],
  privateAddresses: [],
  login: { user: "root", port: 22 },
  image: "debian-13",
  size: "small",
  ...more,
});

describe("destroy", () => {
  test("the question names each machine, half-made ones and orphans as well", () => {
    const machines = [machine("web1"), machine("old", { status: "creating", publicAddresses: [] })];
    const text = renderDestroyQuestion(
      { machines, leftovers: [] },
      { stack: "shop", declared: ["web1"], creates: true },
      plainStyle,
    ).join("\n");
    expect(text).toContain("2 machines will be destroyed, with all data on them");
    expect(text).toContain("web1  running, 10.88.0.2, debian-13 small, id m-web1");
    expect(text).toContain("old  creating, no address");
    expect(text).toContain("no longer in the config");
  });

  test("the question names what outlived its machine, with a machine beside it and without", () => {
    const leftovers = [
      { kind: "elastic address", name: "203.0.113.7", server: "old" },
      { kind: "volume", name: "vol-1", server: "old" },
      { kind: "volume", name: "vol-2", server: "web1" },
    ];
    const ask = (machines: readonly Machine[]): readonly string[] =>
      renderDestroyQuestion(
        { machines, leftovers },
        { stack: "shop", declared: ["web1", "web2"], creates: true },
        plainStyle,
      );
    expect(ask([])).toEqual([
      "Stack shop: what is left of 2 servers without a machine will be removed:",
      "  old  elastic address 203.0.113.7, volume vol-1, no longer in the config",
      "  web1  volume vol-2",
    ]);
    expect(ask([machine("web2")]).join("\n")).toMatch(
      /1 machine will be destroyed[^]*web2[^]*What is left of 2 servers/,
    );
  });

  test("a provider that does not destroy is said to forget", () => {
    const text = renderDestroyQuestion(
      { machines: [machine("web1", { image: "", size: "" })], leftovers: [] },
      { stack: "shop", declared: ["web1"], creates: false },
      plainStyle,
    ).join("\n");
    // Such a provider knows no images and sizes.
    expect(text).toContain("web1  running, 10.88.0.2, id m-web1");
    expect(text).toContain("forgotten");
    expect(text).not.toContain("all data");
  });

  test("what is forgotten is not called destroyed", () => {
    const text = renderDestroyed(
      [{ server: "a", existed: true, isForgotten: true, note: "the host is yours" }],
      plainStyle,
    );
    expect(text).toEqual([
      "  a  forgotten, not destroyed: the host is yours",
      "Done: 1 machine forgotten, none destroyed.",
    ]);
  });

  test("what could not be destroyed is said", () => {
    const text = renderDestroyed(
      [
        { server: "a", existed: true },
        { server: "b", existed: true, error: "busy" },
        { server: "c", existed: false, note: "yours" },
      ],
      plainStyle,
    );
    expect(text).toEqual([
      "  a  destroyed",
      "  b  FAILED: busy",
      "  c  was not there: yours",
      "Failed: 1 machine left; run `bootmachine destroy` again.",
    ]);
  });
});

test("status shows why a server cannot be reached", () => {
  const target = { server: "web1", address: "10.88.0.2", port: 2849, user: "ada" };
  const servers: ServerStatus[] = [
    {
      server: "web1",
      roles: ["web"],
      machine: machine("web1", { createdAt: new Date(START - 7_200_000).toISOString() }),
      proof: "published",
      reach: { ok: true, target, isSecured: true },
    },
    {
      server: "web2",
      roles: [],
      machine: machine("web2"),
      reach: {
        ok: false,
        target: { ...target, address: "fd00::2" },
        code: "CONNECTION_REFUSED",
        message: "Nothing listens.",
      },
    },
    { server: "web3", roles: [], machine: undefined, reach: undefined },
  ];
  const lines = renderStatus(servers, {
    stack: "shop",
    provider: "local",
    columns: Infinity,
    now: START,
    style: plainStyle,
  });
  expect(lines.slice(2)).toEqual([
    "SERVER  ROLES  MACHINE  ADDRESS         SECURED  KEY        AGE  REACH",
    "web1    web    running  10.88.0.2:2849  yes      published  2 h  as ada",
    "web2    -      running  [fd00::2]:2849  -        -          -    CONNECTION_REFUSED: Nothing listens.",
    "web3    -      none     -               -        -          -    -",
  ]);
});

test("status calls no server secured whose access change is unfinished, and says what to do", () => {
  const changing = (server: string, accessChange: "armed" | "restoring"): ServerStatus => ({
    server,
    roles: [],
    machine: machine(server),
    reach: {
      ok: true,
      target: { server, address: "10.88.0.2", port: 2849, user: "ada" },
      isSecured: false,
      accessChange,
    },
  });
  const lines = renderStatus([changing("web1", "armed"), changing("web2", "restoring")], {
    stack: "shop",
    provider: "local",
    columns: Infinity,
    now: START,
    style: plainStyle,
  });
  expect(lines[3]).toMatch(/^web1 .* 10\.88\.0\.2:2849 +changing /u);
  expect(lines.slice(6)).toEqual([
    expect.stringMatching(
      /^web1 is in the middle .*`bootmachine secure --server web1` ends it\.$/u,
    ),
    expect.stringMatching(/^web2 is going back .*`bootmachine secure --server web2`/u),
  ]);
});

test("status says what to do about machines that are not whole, and about those that the config names no more", () => {
  const declared = (name: string, more: Partial<Machine>): ServerStatus => ({
    server: name,
    roles: [],
    machine: machine(name, more),
    reach: undefined,
  });
  const orphan = (name: string): ServerStatus => ({ ...declared(name, {}), isOrphan: true });
  const linesOf = (...servers: readonly ServerStatus[]): readonly string[] =>
    renderStatus(servers, {
      stack: "shop",
      provider: "openstack",
      columns: Infinity,
      now: START,
      style: plainStyle,
    });
  const lines = linesOf(
    declared("a", { status: "creating", detail: "BUILD, spawning" }),
    declared("b", { status: "failed", detail: "no valid host" }),
    declared("c", { status: "stopped" }),
    orphan("old1"),
    orphan("old2"),
  );
  expect(lines[0]).toBe("Stack shop (provider openstack): 3 servers, 5 machines.");
  expect(lines.find((line) => line.startsWith("old1"))).toMatch(/no longer in the config$/);
  expect(lines.slice(-5)).toEqual([
    "",
    "a is not finished (BUILD, spawning): `bootmachine up` goes on with it, `bootmachine destroy --server a` removes it.",
    "b failed (no valid host): `bootmachine console b` may say more. `bootmachine destroy --server b`, then `bootmachine up`, makes it anew.",
    "c is stopped: `bootmachine up` starts it.",
    "old1, old2 are no longer in the config: `bootmachine destroy --orphans` removes them.",
  ]);
  expect(linesOf(orphan("old1")).at(-1)).toBe(
    "old1 is no longer in the config: `bootmachine destroy --orphans` removes it.",
  );
});

test("a table is cut at the terminal's width", () => {
  const lines = renderTable(["A", "B"], [["x".repeat(30), "y".repeat(30)]], {
    columns: 20,
    style: plainStyle,
  });
  for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(20);
});

describe("inventory", () => {
  const about = {
    stack: "shop",
    knownHostsFile: "/home/ada/shop/.bootmachine/shop/known_hosts",
    identityFile: "/home/ada/.ssh/id_ed25519.pub",
  };
  const entries = [
    {
      server: "web1",
      roles: ["load-balancer", "web"],
      isMaster: true,
      address: "192.0.2.1",
      port: 2849,
      user: "ada",
      publicAddresses: ["192.0.2.1"],
      privateAddresses: ["10.0.0.1"],
      hostKeys: ["ssh-ed25519 AAAA"],
    },
    {
      server: "web2",
      roles: [],
      isMaster: false,
      address: undefined,
      port: 2849,
      user: "ada",
      publicAddresses: [],
      privateAddresses: [],
      hostKeys: [],
    },
  ];

  test("Ansible: groups by role, strict host keys, no host without an address", async () => {
    const { parse } = await import("yaml");
    const text = await renderAnsibleInventory(entries, about);
    expect(parse(text)).toEqual({
      all: {
        hosts: {
          web1: {
            ansible_host: "192.0.2.1",
            ansible_port: 2849,
            ansible_user: "ada",
            ansible_ssh_common_args: `-o StrictHostKeyChecking=yes -o UserKnownHostsFile=${about.knownHostsFile} -o HostKeyAlias=shop.web1`,
            ansible_host_key_checking: true,
            private_address: "10.0.0.1",
          },
        },
        vars: {
          bootmachine_stack: "shop",
          ansible_become: true,
          ansible_ssh_private_key_file: "/home/ada/.ssh/id_ed25519",
          bootmachine_master: "web1",
        },
        children: { load_balancer: { hosts: { web1: {} } }, web: { hosts: { web1: {} } } },
      },
    });
  });

  test("Ansible comes by the way that the config names: its jump host and its ssh_config", async () => {
    const { parse } = await import("yaml");
    const [web1] = entries;
    if (web1 === undefined) throw new Error("no entry");
    const far = { ...web1, jumpHost: "ada@gate:2222", configFile: "/home/ada lovelace/ssh_config" };
    const { all } = parse(await renderAnsibleInventory([far], about)) as {
      all: { hosts: Record<string, Record<string, string>> };
    };
    const words = all.hosts["web1"]?.["ansible_ssh_common_args"] ?? "";
    expect(words).toMatch(/^-F '\/home\/ada lovelace\/ssh_config' -o /u);
    expect(words).toMatch(/ -J ada@gate:2222$/u);
  });

  test("Ansible reads an address and a role as texts, whatever they look like to its YAML", async () => {
    const { parse } = await import("yaml");
    const [web1] = entries;
    if (web1 === undefined) throw new Error("no entry");
    const six = { ...web1, address: "2001:1:2:3:4:5:6:7", roles: ["on"] };
    const text = await renderAnsibleInventory([six], about);
    expect(parse(text, { version: "1.1" })).toMatchObject({
      all: {
        hosts: { web1: { ansible_host: "2001:1:2:3:4:5:6:7" } },
        children: { on: { hosts: { web1: {} } } },
      },
    });
  });

  test("YAML and hosts", async () => {
    expect(await renderInventoryYaml(entries, about)).toContain("web1:\n    roles:");
    expect(renderHosts(entries, about)).toBe("# bootmachine stack shop\n10.0.0.1\tweb1\n");
  });
});
