import { describe, expect, test } from "vitest";

import type { MemberReport } from "../../../../src/configurators/contract.ts";
import { RemoteError } from "../../../../src/errors/error.ts";
import { showReport } from "../../../../src/fleet/configurator/show-report.ts";
import type { EventBody } from "../../../../src/fleet/events.ts";
import type { RunContext } from "../../../../src/fleet/run-context.ts";
import { ServerRun } from "../../../../src/fleet/server-run.ts";
import type { Server } from "../../../../src/stack/stack.ts";

function serverRun(): { readonly run: ServerRun; readonly events: readonly EventBody[] } {
  const events: EventBody[] = [];
  const emit = (event: EventBody): void => void events.push(event);
  const run = new ServerRun(
    { name: "web1", roles: [] } as unknown as Server,
    { emit } as unknown as RunContext,
    undefined,
  );
  run.phase = "configure";
  return { run, events };
}

const changes: MemberReport["changes"] = [
  { id: "File[/etc/motd]", status: "changed", diff: ["-a", "+b"] },
  { id: "Package[ntp]", status: "ok" },
];

describe("a tool's report", () => {
  test("is shown as the tool's own, and its changes are counted", () => {
    const { run, events } = serverRun();
    expect(showReport(run, "puppet", { server: "web1", changes })).toBe(1);
    expect(events).toMatchObject([
      { type: "resource", server: "web1", phase: "configure", tool: "puppet", status: "changed" },
      { type: "resource", id: "Package[ntp]", status: "ok" },
    ]);
  });

  test("of a failure carries the tool's own reason, and what was changed before counts", () => {
    const { run } = serverRun();
    const failed = { id: "Exec[x]", status: "failed", reason: "x: not found\nline 2" } as const;
    let thrown: unknown;
    try {
      showReport(run, "puppet", { server: "web1", changes: [...changes, failed] });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(RemoteError);
    expect(thrown).toMatchObject({
      code: "TOOL_FAILED",
      message: "puppet failed at 1 of 3 things on web1.",
      output: ["Exec[x]:", "  x: not found", "  line 2"],
    });
    expect(run.changes).toBe(1);
  });

  test("of a tool that could not run says why", () => {
    const { run } = serverRun();
    const report = { server: "web1", changes: [], failure: "no space left\non /" };
    expect(() => showReport(run, "puppet", report)).toThrow("puppet failed on web1.");
  });
});
