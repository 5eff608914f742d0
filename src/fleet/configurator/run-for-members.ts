import type { ConfiguratorContext, MemberReport, ToolRun } from "../../configurators/contract.ts";
import { InternalError, RemoteError } from "../../errors/error.ts";
import { pauseFor } from "../../transport/pause.ts";
import type { ServerRun } from "../server-run.ts";
import { writeSshConfig } from "../write-ssh-config.ts";
import type { ReportsByServer } from "./shared-work.ts";
import { runTool } from "./tool-run.ts";

/** Before each further try where the tool's own report says that a little later may do, ms. */
export const RETRY_PAUSES_MS: readonly number[] = [3_000, 7_000, 15_000, 30_000, 30_000];

/** How the time between two tries is waited for; ends early, by an error, when the signal says so. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

/** Runs the tool for one member by itself. */
export async function runForOne(
  run: ServerRun,
  member: ConfiguratorContext,
  signal: AbortSignal,
  pause: Pause = pauseFor,
): Promise<MemberReport> {
  const reports = await runWithRetries(run, [member], signal, pause);
  return reportOf(reports, member);
}

/**
 * Runs the tool once for all members, as soon as each of them is ready or was given up. The first to come here does it; a
 * member that failed before is left out.
 */
export async function runForAll(
  run: ServerRun,
  member: ConfiguratorContext,
  signal: AbortSignal,
  pause: Pause = pauseFor,
): Promise<MemberReport> {
  const { context } = run;
  const { milestones, shared, stack } = context;
  shared.joinToolRun(member);
  milestones.reach(run.server.name, "ready");
  run.step("waiting until the others are ready");
  const everybody = stack.servers.map(({ name }) => name);
  await run.lendSlot(() => milestones.settled(everybody, "ready", signal));
  run.step(`${stack.configurator.name} runs for all who are ready`);
  const reports = await run.lendSlot(() =>
    shared.toolRun((members) => runWithRetries(run, members, signal, pause)),
  );
  return reportOf(reports, member);
}

async function runWithRetries(
  run: ServerRun,
  members: readonly ConfiguratorContext[],
  signal: AbortSignal,
  pause: Pause,
): Promise<ReportsByServer> {
  const reports = new Map<string, MemberReport>();
  let remaining = members;
  for (const pauseMs of [...RETRY_PAUSES_MS, undefined]) {
    for (const report of await runOnce(run, remaining, signal)) reports.set(report.server, report);
    remaining = remaining.filter(({ member }) => reports.get(member.server)?.retry !== undefined);
    const [first] = remaining;
    if (first === undefined || pauseMs === undefined) break;
    run.step(
      `${reports.get(first.member.server)?.retry ?? ""}: trying again in ${pauseMs / 1000} s`,
    );
    await pause(pauseMs, signal);
  }
  return reports;
}

async function runOnce(
  run: ServerRun,
  members: readonly ConfiguratorContext[],
  signal: AbortSignal,
): Promise<readonly MemberReport[]> {
  const tool: ToolRun | undefined = run.context.stack.configurator.run(members);
  if (tool === undefined)
    throw new InternalError("The configurator has a run for one, not for all");
  if (tool.on === "controller") await writeSshConfig(run.context);
  const place = tool.on === "master" ? await run.context.master.connected(run, signal) : run;
  const names = members.map(({ member }) => member.server);
  run.step(members.length === 1 ? tool.title : `${tool.title} for ${names.join(", ")}`);
  return tool.parse(await runTool(run, place, tool));
}

function reportOf(reports: ReportsByServer, { member }: ConfiguratorContext): MemberReport {
  const report = reports.get(member.server);
  if (report !== undefined) return report;
  throw new RemoteError("TOOL_FAILED", `The tool has reported nothing about ${member.server}.`, {
    hint: "Look at what it printed: `bootmachine log`.",
  });
}
