import { resolve } from "node:path";

import { describe, expect, test } from "vitest";

import { displayWidth } from "../../../src/report/display-width.ts";
import type { FleetEvent } from "../../../src/fleet/events.ts";
import { viewOf } from "../../../src/report/journal-text.ts";
import { renderHtml } from "../../../src/report/html.ts";
import { renderLiveView } from "../../../src/report/live-view.ts";
import { renderRun } from "../../../src/report/log-text.ts";
import { renderPlain } from "../../../src/report/plain-lines.ts";
import { renderPlan } from "../../../src/report/plan-text.ts";
import { colorStyle, plainStyle } from "../../../src/report/style.ts";
import { renderSummary } from "../../../src/report/summary.ts";
import {
  manyServers,
  nothingToDo,
  planOfThree,
  START,
  threeServers,
  threeServersToTheEnd,
  twoServersDone,
} from "./recorded-run.ts";
import { toolRun } from "./recorded-tool-run.ts";

const SIZES = [
  [80, 24],
  [200, 50],
  [40, 24],
] as const;

function golden(name: string): string {
  return resolve(import.meta.dirname, `${name}.txt`);
}

function live(
  events: readonly FleetEvent[],
  columns: number,
  rows: number,
  seconds: number,
): readonly string[] {
  return renderLiveView(viewOf(events), {
    columns,
    rows,
    now: START + seconds * 1000,
    style: plainStyle,
  });
}

describe("live view", () => {
  test.each(SIZES)("3 servers on %i columns and %i rows", async (columns, rows) => {
    const lines = live(threeServers(), columns, rows, 47);
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(golden(`live-3-${columns}x${rows}`));
  });

  test.each(SIZES)("300 servers on %i columns and %i rows", async (columns, rows) => {
    const lines = live(manyServers(300, 75), columns, rows, 75);
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(
      golden(`live-300-${columns}x${rows}`),
    );
  });

  test("fits every terminal at every moment, in width and height", () => {
    for (const count of [1, 3, 20, 300]) {
      for (const seconds of [0, 30, 75, 200]) {
        const view = viewOf(manyServers(count, seconds));
        for (const columns of [1, 10, 20, 40, 80, 200]) {
          for (const rows of [1, 2, 5, 10, 24, 50]) {
            const now = START + seconds * 1000;
            const lines = renderLiveView(view, { columns, rows, now, style: plainStyle });
            expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
            for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
          }
        }
      }
    }
  });

  test("says by a word what it shows in colour", () => {
    const now = START + 47_000;
    const view = viewOf(threeServers());
    const options = { columns: 120, rows: 24, now };
    const colored = renderLiveView(view, { ...options, style: colorStyle }).join("\n");
    const plain = renderLiveView(view, { ...options, style: plainStyle }).join("\n");
    expect(colored).not.toBe(plain);
    expect(colored.replaceAll(/\u001B\[\d+m/g, "")).toBe(plain);
  });
});

test("plain lines of a run with a failure", async () => {
  const lines = threeServersToTheEnd().flatMap((event) =>
    renderPlain(
      event,
      { startedAt: START, command: "up", servers: [] },
      { style: plainStyle, verbose: false },
    ),
  );
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(golden("plain-3"));
  expect(lines.join("\n")).not.toMatch(/[\u0000-\u0009\u000B-\u001F]/);
});

describe("summary", () => {
  const options = {
    style: plainStyle,
    columns: 80,
    sshConfigFile: ".bootmachine/shop/ssh_config",
    showFailures: false,
  };

  test("with a failure", async () => {
    const lines = renderSummary(viewOf(threeServersToTheEnd()), options);
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(golden("summary-failed"));
  });

  test("of a good run says how to log in and how to take down", async () => {
    const lines = renderSummary(viewOf(twoServersDone()), options);
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(golden("summary-done"));
  });

  test("names the commands as the user has to type them", () => {
    const npx = { ...options, program: "npx bootmachine", flag: " --rehearse" };
    expect(renderSummary(viewOf(twoServersDone()), npx)).toEqual(
      expect.arrayContaining([
        "Log in:     npx bootmachine ssh web1 --rehearse",
        "Take down:  npx bootmachine destroy --rehearse",
      ]),
    );
    expect(renderSummary(viewOf(threeServersToTheEnd()), npx).at(-1)).toContain(
      "then `npx bootmachine up --rehearse` goes on",
    );
  });

  test("of a run with nothing to do is one line", () => {
    expect(renderSummary(viewOf(nothingToDo()), options)).toEqual([
      "Everything is in place: shop, 2 servers, nothing to change (0.6 s).",
    ]);
  });
});

test("a plan says how many calls a run would make, where the provider counts them", () => {
  const lines = (
    calls: number,
    perHour?: number,
    writes?: { readonly calls: number; readonly perMinute: number },
  ): readonly string[] =>
    renderPlan(
      viewOf([
        ...planOfThree(),
        {
          at: new Date(START).toISOString(),
          type: "expected-calls",
          provider: "rackspace",
          calls,
          ...(perHour === undefined ? {} : { perHour }),
          ...(writes === undefined ? {} : { writes }),
        },
      ]),
      plainStyle,
    );
  expect(lines(40).at(-2)).toBe("Calls to rackspace: about 40.");
  expect(lines(40, 3600).at(-2)).toBe("Calls to rackspace: about 40, of 3600 in any hour.");
  expect(lines(4000, 3600).at(-2)).toBe(
    "Calls to rackspace: about 4000, of 3600 in any hour: it will wait in between, and takes hours.",
  );
  expect(lines(60, undefined, { calls: 30, perMinute: 100 }).at(-2)).toBe(
    "Calls to rackspace: about 60, about 30 of them to change something, of 100 in any minute.",
  );
  expect(lines(640, 3600, { calls: 600, perMinute: 100 }).at(-2)).toBe(
    "Calls to rackspace: about 640, of 3600 in any hour, about 600 of them to change something, of 100 in any minute: it will wait in between.",
  );
});

describe("what the servers share at the provider", () => {
  const shared = (isPlanned: boolean): FleetEvent => ({
    at: new Date(START).toISOString(),
    type: "shared",
    provider: "ec2",
    isPlanned,
    made: ["the security group bootmachine.shop"],
    opened: ["tcp 2849 from anywhere", "tcp 443 from anywhere"],
    closed: ["tcp 22 from anywhere"],
  });
  const done =
    "ec2: made the security group bootmachine.shop; opened tcp 2849 from anywhere, tcp 443 from anywhere; closed tcp 22 from anywhere";

  test("stands in a plan before the servers", () => {
    expect(renderPlan(viewOf([...planOfThree(), shared(true)]), plainStyle).slice(0, 3)).toEqual([
      "ec2: would make the security group bootmachine.shop; would open tcp 2849 from anywhere, tcp 443 from anywhere; would close tcp 22 from anywhere once every server is on its declared way",
      "",
      "web1",
    ]);
  });

  test("stands in the lines of a run and in its log, and a run that changed it did something", () => {
    const event = shared(false);
    const run = { startedAt: START, command: "up", servers: [] };
    expect(renderPlain(event, run, { style: plainStyle, verbose: false })).toEqual([
      `[ 0:00] ${done}`,
    ]);
    const view = viewOf([...nothingToDo(), event]);
    expect(renderRun(view, { columns: 200, style: plainStyle })).toContain(done);
    const options = { columns: 80, sshConfigFile: undefined, showFailures: false };
    const summary = renderSummary(view, { ...options, style: plainStyle }).join("\n");
    expect(summary).not.toContain("Everything is in place");
  });
});

test("plan", async () => {
  const lines = renderPlan(viewOf(planOfThree()), plainStyle);
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(golden("plan"));
});

test("a plan tells servers that are refused from those that could not be looked at", () => {
  const failed = (server: string, kind: "refused" | "transport", code: "MEMORY_TOO_SMALL" | "NO_ROUTE") =>
    ({
      at: new Date(START).toISOString(),
      type: "error",
      server,
      error: { code, kind, message: "No.", hint: "Mend it." },
    }) as const;
  const endOf = (...events: readonly ReturnType<typeof failed>[]): string | undefined =>
    renderPlan(viewOf([...planOfThree(), ...events]), plainStyle).at(-1);
  const refused = failed("loadbalancer", "refused", "MEMORY_TOO_SMALL");
  const unseen = failed("database", "transport", "NO_ROUTE");
  expect(endOf(refused)).toMatch(/unchanged, 1 refused\. Nothing/);
  expect(endOf(unseen)).toMatch(/unchanged, 1 could not be looked at\. Nothing/);
  expect(endOf(refused, unseen)).toMatch(/, 1 refused, 1 could not be looked at\. Nothing/);
});

describe("time line", () => {
  test.each([80, 40, 160])("on %i columns", async (columns) => {
    const lines = renderRun(viewOf(threeServersToTheEnd()), { columns, style: plainStyle });
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(golden(`log-${columns}`));
  });
});

describe("a run of the configuration-management tool", () => {
  const stack = viewOf(toolRun());

  test.each([4, 12.5])("live, after %i s", async (seconds) => {
    const lines = live(toolRun(seconds), 100, 24, seconds);
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(golden(`tool-live-${seconds}`));
  });

  test("as plain lines: what it changed, and its own reason where it failed", async () => {
    const events = toolRun();
    const lines = events.flatMap((event, index) =>
      renderPlain(event, viewOf(events.slice(0, index + 1)), {
        style: plainStyle,
        verbose: false,
      }),
    );
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(golden("tool-plain"));
  });

  test("in the summary and in the log", async () => {
    const options = { style: plainStyle, columns: 100 };
    const summary = renderSummary(stack, {
      ...options,
      sshConfigFile: "ssh_config",
      showFailures: false,
    });
    await expect(`${summary.join("\n")}\n`).toMatchFileSnapshot(golden("tool-summary"));
    await expect(`${renderRun(stack, options).join("\n")}\n`).toMatchFileSnapshot(
      golden("tool-log"),
    );
    expect(renderHtml(stack)).toContain("<td>2 ok, 2 failed</td>");
  });

  test("that changed nothing is one line, and says that it ran", () => {
    const events = toolRun().map((event) =>
      event.type === "run-ended"
        ? {
            ...event,
            outcome: "ok" as const,
            servers: event.servers.map((server) => ({
              ...server,
              outcome: "unchanged" as const,
              changes: 0,
            })),
          }
        : event,
    );
    expect(
      renderSummary(viewOf(events), {
        style: plainStyle,
        columns: 80,
        sshConfigFile: undefined,
        showFailures: false,
      }),
    ).toEqual([
      "Everything is in place: shop, 2 servers, salt ran and changed nothing (13 s).",
    ]);
  });
});

test("HTML page", async () => {
  await expect(renderHtml(viewOf(threeServersToTheEnd()))).toMatchFileSnapshot(
    resolve(import.meta.dirname, "run.html"),
  );
});
