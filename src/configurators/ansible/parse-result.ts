import { z } from "zod";

import type { MemberReport, ToolChange, ToolOutput } from "../contract.ts";

const taskSchema = z.object({
  event: z.literal("task"),
  host: z.string(),
  task: z.string(),
  status: z.enum(["ok", "changed", "failed", "ignored", "skipped", "unreachable"]),
  ms: z.number(),
  reason: z.string().optional(),
  /** `FILE:LINE` of a task that failed. */
  path: z.string().optional(),
  diff: z.array(z.string()).optional(),
});
const hostSchema = z.object({
  event: z.literal("host"),
  host: z.string(),
  failures: z.number(),
  unreachable: z.number(),
  reboot: z.boolean(),
});
const endSchema = z.object({ event: z.literal("end"), complete: z.boolean() });
const startSchema = z.object({ event: z.literal("start"), version: z.string() });
const lineSchema = z.discriminatedUnion("event", [startSchema, taskSchema, hostSchema, endSchema]);

type Line = z.output<typeof lineSchema>;
type Task = z.output<typeof taskSchema>;
type Host = z.output<typeof hostSchema>;

/** How much of what Ansible printed is its reason where it never got as far as a task. */
const LAST_LINES = 30;

/**
 * Turns the lines of our callback plug-in into a report for each server that was asked for.
 *
 * A run without its end, such as after a wrong playbook, is a failure on all of them in Ansible's own words. Where a
 * playbook ended early, a server that was well until then is not done either.
 */
export function parseResult(
  output: ToolOutput,
  servers: readonly string[],
): readonly MemberReport[] {
  const lines = output.result.split("\n").flatMap(readLine);
  const end = lines.find((line) => line.event === "end");
  const failedHosts = lines
    .filter((line) => line.event === "host")
    .filter(({ failures, unreachable }) => failures + unreachable > 0)
    .map(({ host }) => host);
  return servers.map((server) => {
    const tasks = lines
      .filter((line) => line.event === "task")
      .filter(({ host }) => host === server);
    const host = lines.filter((line) => line.event === "host").find((line) => line.host === server);
    const report: MemberReport = {
      server,
      changes: toChanges(tasks, host),
      ...(host?.reboot === true ? { wantsReboot: true } : {}),
    };
    if (end === undefined) return { ...report, failure: wordsOf(output) };
    if ((host?.unreachable ?? 0) > 0) return { ...report, retry: whyUnreachable(tasks) };
    if ((host?.failures ?? 0) > 0 || output.exitStatus === 0) return report;
    // Of who has no report, such as localhost, all are told.
    const strangers = failedHosts.filter((name) => !servers.includes(name));
    if (end.complete && failedHosts.length > 0 && strangers.length === 0) return report;
    const why =
      end.complete && strangers.length > 0
        ? `The playbook failed on ${strangers.join(", ")}.`
        : whyIncomplete(failedHosts, output);
    const said = strangers.flatMap((name) => lastWordsOf(name, lines));
    return { ...report, failure: [why, ...said].join("\n") };
  });
}

/** At which task somebody failed last, and why. */
function lastWordsOf(name: string, lines: readonly Line[]): readonly string[] {
  const task = lines
    .filter((line) => line.event === "task")
    .findLast((line) => line.host === name && ["failed", "unreachable"].includes(line.status));
  return task === undefined ? [] : [`${name}: ${task.task}: ${reasonOf(task, false) ?? "failed"}`];
}

/** A line that was cut off, because the run was killed, counts for nothing. */
function readLine(text: string): readonly Line[] {
  if (text === "") return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  const parsed = lineSchema.safeParse(value);
  return parsed.success ? [parsed.data] : [];
}

/** @param host Ansible's own sum; undefined where there is none */
function toChanges(tasks: readonly Task[], host: Host | undefined): readonly ToolChange[] {
  const seen = new Map<string, number>();
  // Ansible counts a failure that a `rescue` dealt with elsewhere; those that count are the last ones.
  let rescued = tasks.filter(({ status }) => status === "failed").length - (host?.failures ?? 0);
  return tasks.map((one) => {
    // `ignore_unreachable`: Ansible does not count it.
    const isIgnored = one.status === "unreachable" && host?.unreachable === 0;
    const task = isIgnored ? { ...one, status: "ignored" as const } : one;
    const number = (seen.get(task.task) ?? 0) + 1;
    seen.set(task.task, number);
    const isRescued = task.status === "failed" && rescued-- > 0;
    const reason = reasonOf(task, isRescued);
    return {
      id: number === 1 ? task.task : `${task.task} (${number})`,
      status: isRescued ? "ok" : STATUSES[task.status],
      ms: task.ms,
      ...(reason === undefined ? {} : { reason }),
      ...(task.diff === undefined ? {} : { diff: task.diff }),
    };
  });
}

const STATUSES = {
  ok: "ok",
  changed: "changed",
  failed: "failed",
  // The playbook says that it does not matter.
  ignored: "ok",
  skipped: "skipped",
  unreachable: "failed",
} as const satisfies Readonly<Record<Task["status"], ToolChange["status"]>>;

function reasonOf({ status, reason, path }: Task, isRescued: boolean): string | undefined {
  if (isRescued) return `failed, and was rescued: ${reason ?? ""}`;
  if (status === "ignored") return `failed, which the playbook ignores: ${reason ?? ""}`;
  if (path === undefined) return reason;
  return `${reason ?? "failed"}\n(${path})`;
}

function whyUnreachable(tasks: readonly Task[]): string {
  return tasks.findLast(({ status }) => status === "unreachable")?.reason ?? "unreachable";
}

function whyIncomplete(failedHosts: readonly string[], output: ToolOutput): string {
  return failedHosts.length === 0
    ? wordsOf(output)
    : `The playbook ended early, because of ${failedHosts.join(", ")}: this server's turn did not come, or did not end.`;
}

function wordsOf({ output, exitStatus }: ToolOutput): string {
  const words = output.slice(-LAST_LINES).join("\n").trim();
  return words === "" ? `ansible-playbook ended with exit status ${exitStatus}.` : words;
}
