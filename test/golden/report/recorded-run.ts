import type { EventBody, FleetEvent, Phase, ServerSummary } from "../../../src/fleet/events.ts";

/** Begin of every recorded run, milliseconds since 1970. */
export const START = Date.parse("2026-11-22T10:00:00.000Z");

/** Puts the time in front of events that were written as seconds since the start. */
export function stamp(
  events: readonly (readonly [seconds: number, event: EventBody])[],
): readonly FleetEvent[] {
  return events
    .toSorted(([a], [b]) => a - b)
    .map(([seconds, event]) => ({
      at: new Date(START + Math.round(seconds * 1000)).toISOString(),
      ...event,
    }));
}

const started = (server: string, phase: Phase): EventBody => ({
  type: "phase-started",
  server,
  phase,
});
const ended = (server: string, phase: Phase, seconds: number, changes = 0): EventBody => ({
  type: "phase-ended",
  server,
  phase,
  outcome: changes === 0 ? "unchanged" : "changed",
  ms: seconds * 1000,
  changes,
});
const step = (server: string, phase: Phase, text: string): EventBody => ({
  type: "step",
  server,
  phase,
  text,
});

export const FAILURE = {
  code: "RESOURCE_FAILED",
  kind: "remote",
  message: "The package nftables could not be installed.",
  hint: "Free some space on the host, then run the command again.",
  phase: "prepare",
  resource: "package nftables",
  exitStatus: 100,
  output: [
    "Reading package lists...",
    "dpkg: error processing archive /var/cache/apt/archives/nftables_1.0.6.deb (--unpack):",
    " cannot copy extracted data: No space left on device",
    "\u001B[31mE: Sub-process /usr/bin/dpkg returned an error code (1)\u001B[0m",
  ],
} as const;

/** `up` of three servers: one ends, one is slow, one fails. */
export function threeServers(): readonly FleetEvent[] {
  return stamp([
    [
      0,
      {
        type: "run-started",
        runId: "20261122T100000.000Z-up",
        command: "up",
        stack: "shop",
        servers: ["loadbalancer", "application", "database"],
        version: "1.0.0",
      },
    ],
    ...["loadbalancer", "application", "database"].flatMap((server): [number, EventBody][] => [
      [0.1, started(server, "boot")],
      [0.5, step(server, "boot", "making the machine (overlay on debian-13)")],
      [2, ended(server, "boot", 1.9, 1)],
      [2, started(server, "trust")],
      [
        2.1,
        {
          type: "identity",
          server,
          proof: "published",
          fingerprints: ["SHA256:abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"],
        },
      ],
      [2.6, ended(server, "trust", 0.6)],
      [2.6, { type: "reached", server, user: "root", address: "10.88.0.2", port: 22 }],
      [2.6, started(server, "prepare")],
      [3, step(server, "prepare", "package chrony, nftables, sudo")],
    ]),
    [
      9,
      {
        type: "resource",
        server: "loadbalancer",
        phase: "prepare",
        id: "package chrony",
        status: "changed",
        ms: 5200,
      },
    ],
    [9.5, ended("loadbalancer", "prepare", 6.9, 7)],
    [9.5, started("loadbalancer", "secure")],
    [
      10,
      {
        type: "access",
        server: "loadbalancer",
        step: "arm",
        state: "done",
        text: "the host goes back by itself in 120 s",
      },
    ],
    [
      11,
      {
        type: "access",
        server: "loadbalancer",
        step: "prove",
        state: "started",
        text: "logging in as ada on port 2849",
      },
    ],
    [13, ended("loadbalancer", "secure", 3.5, 21)],
    [13, started("loadbalancer", "verify")],
    [
      13.4,
      {
        type: "check",
        server: "loadbalancer",
        check: {
          id: "ssh-old-port-closed",
          title: "Port 22 is closed",
          from: "outside",
          severity: "error",
          status: "passed",
          detail: "refused",
          reason: "Nobody listens there any more.",
          ms: 12,
        },
      },
    ],
    [15, ended("loadbalancer", "verify", 2)],
    [
      14,
      {
        type: "resource",
        server: "application",
        phase: "prepare",
        id: "package nftables",
        status: "failed",
        ms: 9000,
        exitStatus: 100,
        output: FAILURE.output,
      },
    ],
    [
      14,
      {
        type: "error",
        server: "application",
        phase: "prepare",
        error: { ...FAILURE, server: "application" },
      },
    ],
    [
      14,
      {
        type: "phase-ended",
        server: "application",
        phase: "prepare",
        outcome: "failed",
        ms: 11_400,
        changes: 0,
      },
    ],
    [
      20,
      {
        type: "output",
        server: "database",
        phase: "prepare",
        id: "package chrony, nftables, sudo",
        line: "Get:14 http://archive.example/debian bullseye/main amd64 libc6 amd64 2.31-13+deb11u11 [2823 kB]",
      },
    ],
    [
      45,
      {
        type: "note",
        level: "warning",
        server: "database",
        text: "The package lists are older than a day.",
      },
    ],
  ]);
}

/** The same run to its end. */
export function threeServersToTheEnd(): readonly FleetEvent[] {
  const summary = (server: string, more: Partial<ServerSummary>): ServerSummary => ({
    server,
    roles: [],
    outcome: "changed",
    ms: 15_000,
    changes: 29,
    failedChecks: 0,
    address: "10.88.0.2",
    port: 2849,
    user: "ada",
    ...more,
  });
  return [
    ...threeServers(),
    ...stamp([
      [60, ended("database", "prepare", 57.4, 9)],
      [60, started("database", "secure")],
      [64, ended("database", "secure", 4, 20)],
      [64, started("database", "verify")],
      [66, ended("database", "verify", 2)],
      [
        66,
        {
          type: "run-ended",
          outcome: "failed",
          ms: 66_000,
          servers: [
            summary("loadbalancer", {}),
            summary("application", {
              outcome: "failed",
              failedPhase: "prepare",
              changes: 1,
              ms: 14_000,
              error: FAILURE,
              user: "root",
              port: 22,
            }),
            summary("database", { ms: 66_000, changes: 30, address: "fd00::4" }),
          ],
        },
      ],
    ]),
  ];
}

/** A number from 0 to 1 that depends on its seed alone. */
function spread(seed: number): number {
  const x = Math.sin(seed * 12.9898) * 43_758.5453;
  return x - Math.floor(x);
}

/** `up` of many servers, without its end: phases of uneven length, one in 60 fails in prepare. */
export function manyServers(count: number, untilSeconds: number): readonly FleetEvent[] {
  const names = Array.from(
    { length: count },
    (_, index) => `web${String(index + 1).padStart(3, "0")}`,
  );
  const events: [number, EventBody][] = [
    [
      0,
      {
        type: "run-started",
        runId: "20261122T100000.000Z-up",
        command: "up",
        stack: "farm",
        servers: names,
        version: "1.0.0",
      },
    ],
  ];
  const lengths: Readonly<Partial<Record<Phase, number>>> = {
    boot: 8,
    trust: 2,
    prepare: 60,
    secure: 12,
    verify: 5,
  };
  for (const [index, server] of names.entries()) {
    let at = Math.floor(index / 50) * 3 + spread(index);
    const slowness = index % 97 === 3 ? 4 : 0.7 + spread(index + 7);
    for (const [phase, length] of Object.entries(lengths) as [Phase, number][]) {
      const seconds = length * slowness;
      events.push(
        [at, started(server, phase)],
        [at + 0.2, step(server, phase, `${phase} step, ${(seconds / 2).toFixed(1)} s expected`)],
      );
      if (phase === "prepare" && index % 60 === 59) {
        events.push([at + 20, { type: "error", server, phase, error: { ...FAILURE, server } }]);
        events.push([
          at + 20,
          { type: "phase-ended", server, phase, outcome: "failed", ms: 20_000, changes: 0 },
        ]);
        break;
      }
      at += seconds;
      events.push([at, ended(server, phase, seconds, phase === "prepare" ? 9 : 0)]);
    }
  }
  return stamp(events).filter((event) => Date.parse(event.at) <= START + untilSeconds * 1000);
}

/** `up` of a stack on which nothing is to be done. */
export function nothingToDo(): readonly FleetEvent[] {
  const servers = ["web1", "web2"];
  return stamp([
    [
      0,
      {
        type: "run-started",
        runId: "20261122T100000.000Z-up",
        command: "up",
        stack: "shop",
        servers,
        version: "1.0.0",
      },
    ],
    ...servers.flatMap((server): [number, EventBody][] => [
      [0.1, started(server, "boot")],
      [0.1, ended(server, "boot", 0)],
      [0.1, started(server, "trust")],
      [0.5, ended(server, "trust", 0.4)],
    ]),
    [
      0.6,
      {
        type: "run-ended",
        outcome: "ok",
        ms: 600,
        servers: servers.map((server) => ({
          server,
          roles: [],
          outcome: "unchanged",
          ms: 600,
          changes: 0,
          failedChecks: 0,
          address: "10.88.0.2",
          port: 2849,
          user: "ada",
        })),
      },
    ],
  ]);
}

/** `up` of two servers that changed both, to its good end. */
export function twoServersDone(): readonly FleetEvent[] {
  const servers = ["web1", "web2"];
  return stamp([
    [
      0,
      {
        type: "run-started",
        runId: "20261122T100000.000Z-up",
        command: "up",
        stack: "shop",
        servers,
        version: "1.0.0",
      },
    ],
    ...servers.flatMap((server): [number, EventBody][] => [
      [0.1, started(server, "boot")],
      [1.1, ended(server, "boot", 1, 1)],
    ]),
    [
      9,
      {
        type: "run-ended",
        outcome: "ok",
        ms: 9000,
        servers: servers.map((server) => ({
          server,
          roles: ["web"],
          outcome: "changed",
          ms: 9000,
          changes: 31,
          failedChecks: 0,
          address: "10.88.0.2",
          port: 2849,
          user: "ada",
        })),
      },
    ],
  ]);
}

/** `plan`: a new server, one that drifted, one as wanted. */
export function planOfThree(): readonly FleetEvent[] {
  const servers = ["web1", "db1", "cache1"];
  return stamp([
    [
      0,
      {
        type: "run-started",
        runId: "20261122T100000.000Z-plan",
        command: "plan",
        stack: "shop",
        servers,
        version: "1.0.0",
      },
    ],
    [0.1, started("web1", "boot")],
    [0.1, step("web1", "boot", "would be created")],
    [0.1, ended("web1", "boot", 0, 1)],
    ...["db1", "cache1"].flatMap((server): [number, EventBody][] => [
      [0.1, started(server, "boot")],
      [0.1, ended(server, "boot", 0)],
      [0.2, started(server, "trust")],
      [0.4, ended(server, "trust", 0.2)],
      [0.4, started(server, "prepare")],
    ]),
    [
      0.5,
      {
        type: "resource",
        server: "db1",
        phase: "prepare",
        id: "timezone",
        status: "differs",
        ms: 1,
        reason: "Europe/Berlin instead of Etc/UTC",
      },
    ],
    [0.5, ended("db1", "prepare", 0.1, 1)],
    [0.5, ended("cache1", "prepare", 0.1)],
    [0.5, started("db1", "secure")],
    [
      0.6,
      {
        type: "resource",
        server: "db1",
        phase: "secure",
        id: "file /etc/ssh/sshd_config.d/00-bootmachine.conf",
        status: "differs",
        ms: 1,
        diff: [
          "--- /etc/ssh/sshd_config.d/00-bootmachine.conf",
          "+++ wanted",
          "@@ -3,1 +3,1 @@",
          " Port 2849",
          "-PermitRootLogin yes",
          "+PermitRootLogin no",
        ],
      },
    ],
    [0.6, ended("db1", "secure", 0.1, 1)],
    [0.7, { type: "run-ended", outcome: "ok", ms: 700, servers: [] }],
  ]);
}
