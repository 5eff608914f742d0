import type { ErrorRecord } from "../../../src/errors/error.ts";
import type { EventBody, FleetEvent, ServerSummary } from "../../../src/fleet/events.ts";
import { stamp } from "./recorded-run.ts";

const REASON = "Source file salt://motd/files/motd.jinja not found in saltenv 'base'";

const FAILURE: ErrorRecord = {
  code: "TOOL_FAILED",
  kind: "remote",
  message: "salt failed at 2 of 4 things on web1.",
  hint: "The tool's own reason is shown. Mend it in your tree and run `bootmachine up` again; what is done is not done twice.",
  server: "web1",
  phase: "configure",
  output: [
    "file_|-motd_|-/etc/motd_|-managed:",
    `  ${REASON}`,
    "service_|-nginx_|-nginx_|-running:",
    "  One or more requisite failed: motd",
    ...Array.from({ length: 30 }, (_, index) => `  line ${index + 1} of what it said`),
  ],
};

/** `configurator run` of two servers: the tool changes things on one and fails on the other. */
export function toolRun(seconds = Infinity): readonly FleetEvent[] {
  const servers = ["master", "web1"];
  const about = (server: string, at: number, event: object): [number, EventBody] => [
    at,
    { server, phase: "configure", ...event } as EventBody,
  ];
  const change = (server: string, at: number, id: string, event: object): [number, EventBody] =>
    about(server, at, { type: "resource", id, tool: "salt", ms: 12, ...event });
  const summary = (server: string, more: Partial<ServerSummary>): ServerSummary => ({
    server,
    roles: [],
    outcome: "changed",
    ms: 12_000,
    changes: 2,
    failedChecks: 0,
    address: "10.88.0.2",
    port: 2849,
    user: "ada",
    ...more,
  });
  return stamp([
    [
      0,
      {
        type: "run-started",
        runId: "20261122T100000.000Z-configurator-run",
        command: "configurator run",
        stack: "shop",
        servers,
        version: "1.0.0",
      },
    ],
    ...servers.flatMap((server) => [
      about(server, 0.1, { type: "phase-started", phase: "trust" }),
      about(server, 0.5, {
        type: "phase-ended",
        phase: "trust",
        outcome: "unchanged",
        ms: 400,
        changes: 0,
      }),
      about(server, 0.5, { type: "phase-started" }),
      about(server, 0.6, { type: "step", text: "bringing the states to salt" }),
      about(server, 1, { type: "step", text: "salt-call state.apply: asked for" }),
      about(server, 4, {
        type: "output",
        id: "salt-call state.apply",
        line: "[INFO    ] Executing state file.managed for [/etc/motd]",
      }),
    ]),
    change("master", 12, "pkg_|-ntp_|-chrony_|-installed", { status: "ok" }),
    change("master", 12, "file_|-motd_|-/etc/motd_|-managed", {
      status: "changed",
      reason: "File /etc/motd updated",
      diff: ["-welcome", "+Welcome to salt"],
    }),
    change("master", 12, "service_|-nginx_|-nginx_|-running", { status: "changed" }),
    change("master", 12, "test_|-no_|-no_|-nop", { status: "skipped", reason: "onchanges" }),
    about("master", 12, { type: "phase-ended", outcome: "changed", ms: 11_500, changes: 2 }),
    change("web1", 13, "pkg_|-ntp_|-chrony_|-installed", { status: "ok" }),
    change("web1", 13, "user_|-ada_|-ada_|-present", { status: "ok" }),
    change("web1", 13, "file_|-motd_|-/etc/motd_|-managed", { status: "failed", output: [REASON] }),
    change("web1", 13, "service_|-nginx_|-nginx_|-running", {
      status: "failed",
      output: ["One or more requisite failed: motd"],
    }),
    about("web1", 13, { type: "error", error: FAILURE }),
    about("web1", 13, { type: "phase-ended", outcome: "failed", ms: 12_500, changes: 0 }),
    [
      13,
      {
        type: "run-ended",
        outcome: "failed",
        ms: 13_000,
        servers: [
          summary("master", {}),
          summary("web1", {
            outcome: "failed",
            failedPhase: "configure",
            changes: 0,
            error: FAILURE,
            address: "10.88.0.3",
          }),
        ],
      },
    ],
  ]).filter(({ at }) => Date.parse(at) <= Date.parse("2026-11-22T10:00:00Z") + seconds * 1000);
}
