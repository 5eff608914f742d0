import { z } from "zod";

import type { MemberReport, ToolChange, ToolOutput } from "../contract.ts";

/** What the report handler writes (`handlers.ts`), or the script in its place where the client could not begin. */
const reportSchema = z.object({
  version: z.literal(1),
  /** Another run of the client holds its lock. */
  locked: z.boolean().optional(),
  /** What openssl says of a server that does not answer; "" where it came to no end. */
  unreachable: z.string().optional(),
  failure: z.string().nullish(),
  /** Why a recipe asked for a reboot. */
  reboot: z.string().nullish(),
  changes: z
    .array(
      z.object({
        id: z.string(),
        status: z.enum(["ok", "changed", "failed", "skipped"]),
        ms: z.number().optional(),
        reason: z.string().optional(),
        diff: z.array(z.string()).optional(),
      }),
    )
    .default([]),
});

/** How many of the last lines stand for a reason when the client ended before its handlers could write one. */
const LINES_AS_REASON = 20;

/** Turns what a run has left into the server's report. */
export function readReport(server: string, client: string, output: ToolOutput): MemberReport {
  const report = reportSchema.safeParse(parseJson(output.result)).data;
  if (report === undefined) {
    const lines = output.output.slice(-LINES_AS_REASON).join("\n").trim();
    return {
      server,
      changes: [],
      failure:
        output.exitStatus === 0
          ? `${client} ended well and left no report: are the handlers in its settings?`
          : `${client} ended with status ${output.exitStatus} before it could report:\n${lines}`,
    };
  }
  if (report.locked === true) {
    return { server, changes: [], retry: `another run of ${client} is in progress` };
  }
  if (report.unreachable !== undefined) {
    return {
      server,
      changes: [],
      retry: `the server does not answer (${reasonOfOpenssl(report.unreachable)})`,
    };
  }
  const failure =
    report.failure ??
    (output.exitStatus === 0 ? undefined : `${client} ended with status ${output.exitStatus}`);
  return {
    server,
    changes: withUniqueIds(report.changes.map(toChange)),
    ...(failure === undefined ? {} : { failure }),
    ...(typeof report.reboot === "string" ? { wantsReboot: true } : {}),
  };
}

/** "40D7…:error:8000006F:system library:BIO_connect:Connection refused:…": the last words count. */
function reasonOfOpenssl(line: string): string {
  const [, reason = line] = /:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/.exec(line) ?? [];
  return reason === "" ? "no answer in time" : reason;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function toChange(change: {
  readonly id: string;
  readonly status: ToolChange["status"];
  readonly ms?: number | undefined;
  readonly reason?: string | undefined;
  readonly diff?: readonly string[] | undefined;
}): ToolChange {
  const { id, status, ms, reason, diff } = change;
  return {
    id,
    status,
    ...(ms === undefined ? {} : { ms }),
    ...(reason === undefined ? {} : { reason }),
    ...(diff === undefined ? {} : { diff }),
  };
}

/** Two recipes may declare the same resource, and a notification runs one again: the second gets a number. */
function withUniqueIds(changes: readonly ToolChange[]): readonly ToolChange[] {
  const seen = new Map<string, number>();
  return changes.map((change) => {
    const count = (seen.get(change.id) ?? 0) + 1;
    seen.set(change.id, count);
    return count === 1 ? change : { ...change, id: `${change.id} (${count})` };
  });
}
