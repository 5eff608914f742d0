import type { ConfiguratorContext, MemberReport } from "../../configurators/contract.ts";
import { bringTrees } from "../configurator/bring-trees.ts";
import {
  forgetGoodRun,
  hashContent,
  rememberGoodRun,
  wasSeenGood,
  whyDue,
} from "../configurator/good-run.ts";
import { contextOf } from "../configurator/member-context.ts";
import { forgetRebootWish, isRebootLeft, rememberRebootWish } from "../configurator/reboot-wish.ts";
import { runForAll, runForOne } from "../configurator/run-for-members.ts";
import { showReport } from "../configurator/show-report.ts";
import { takeSteps } from "../configurator/take-steps.ts";
import { hasOtherTrees } from "../configurator/trees-in-force.ts";
import { rebootHost } from "../reboot-host.ts";
import { type PhaseResult, resultOf, type ServerRun, SKIPPED } from "../server-run.ts";

/**
 * Runs the tool on the server, through its own master, where something calls for it: the server was never configured well,
 * its content has changed since, or the user asked.
 *
 * @throws RemoteError TOOL_FAILED with the tool's own reason
 */
export async function configure(run: ServerRun, signal: AbortSignal): Promise<PhaseResult> {
  const { configurator } = run.context.stack;
  if (configurator.topology === "none") return SKIPPED;
  if (run.host === undefined) return planForNew(run);
  const member = contextOf(run);
  const tool = configurator.run([member]);
  if (tool === undefined) return applyAlone(run, member, signal);
  const hash = await hashContent(run, member);
  const why = await whyDue(run, hash);
  if (why === undefined) {
    // The tool's run for the others waits for nobody who has no part in it, and the master's reboot waits for the others.
    run.context.milestones.reach(run.server.name, "ready");
    const brought = await bringOwnTrees(run, signal);
    return resultOf(brought + (wasSeenGood(run) ? 0 : await rebootIfLeft(run, signal)));
  }
  if (run.context.mode === "plan") {
    run.emit({
      type: "resource",
      server: run.server.name,
      phase: "configure",
      id: tool.title,
      status: "differs",
      ms: 0,
      reason: why,
    });
    return resultOf(1);
  }
  run.step(`${tool.title}: ${why}`);
  run.hasRunTool = true;
  await forgetGoodRun(run);
  let { changes } = await bringTrees(run, signal);
  changes += await takeSteps(run, configurator.configure(member), { signal });
  await letEnrolmentsEnd(run, signal);
  const report: MemberReport =
    tool.on === "member"
      ? await runForOne(run, member, signal)
      : await runForAll(run, member, signal);
  // Before anything else: a run that failed may not ask again when it is made once more, nor one that is good already.
  if (report.wantsReboot === true) await rememberRebootWish(run);
  changes += showReport(run, configurator.name, report);
  await rememberGoodRun(run, hash);
  return resultOf(changes + (await rebootIfLeft(run, signal)));
}

/**
 * Where the last run was of this content, and another tree has come to the server since: the config's is put back, for the tool's
 * own runs and for people's. Nothing has been applied by bootmachine since, so nothing is run.
 */
async function bringOwnTrees(run: ServerRun, signal: AbortSignal): Promise<number> {
  if (!hasOtherTrees(run)) return 0;
  const tell = (status: "differs" | "changed"): void =>
    run.emit({
      type: "resource",
      server: run.server.name,
      phase: "configure",
      id: "your tree",
      status,
      ms: 0,
      reason: "another one than the config's was there",
    });
  if (run.context.mode === "plan") {
    tell("differs");
    return 1;
  }
  const { trees, changes } = await bringTrees(run, signal);
  // What belongs there may have become known only since: addresses.
  const own = trees.filter(({ server }) => server === run.server.name);
  if (own.every(({ changed, removed }) => changed.length + removed.length === 0)) return changes;
  tell("changed");
  return changes + 1;
}

/** In a plan there is no host yet to look at. */
function planForNew(run: ServerRun): PhaseResult {
  if (run.context.mode !== "plan") return SKIPPED;
  run.step(`${run.context.stack.configurator.name} would be installed, enrolled and run`);
  return { outcome: "changed", changes: 0 };
}

/** A configurator that has no tool to run: its resources are all there is, and cost one look where nothing differs. */
async function applyAlone(
  run: ServerRun,
  member: ConfiguratorContext,
  signal: AbortSignal,
): Promise<PhaseResult> {
  const steps = run.context.stack.configurator.configure(member);
  if (steps.length === 0) return SKIPPED;
  const taken = run.context.mode === "apply" ? (await bringTrees(run, signal)).changes : 0;
  return resultOf(taken + (await takeSteps(run, steps, { signal })));
}

/** How long the master's own run of the tool gives way: as long as a link that broke is tried for. */
const GIVES_WAY_MS = 300_000;

/**
 * The tool's run on the master holds that host for as long as it takes, and who is being enrolled needs a step there in between: those
 * who have begun go first.
 */
async function letEnrolmentsEnd(run: ServerRun, signal: AbortSignal): Promise<void> {
  const { enrolments, stack } = run.context;
  if (run.server.name !== stack.master || enrolments.open.length === 0) return;
  run.step(`waiting until the master has taken in ${enrolments.open.join(", ")}`);
  await run.lendSlot(() => enrolments.ended(GIVES_WAY_MS, signal));
}

/**
 * Reboots the host where the tool wants it, in this run or in an earlier one that did not come so far. The master goes down
 * when nobody needs it any more, not for a proof either: an agent that has just lost its master is not as it should be.
 */
async function rebootIfLeft(run: ServerRun, signal: AbortSignal): Promise<number> {
  if (!(await isRebootLeft(run))) return 0;
  const { context, server } = run;
  const { configurator, master, servers } = context.stack;
  const text = `reboot: ${configurator.name} asks for it`;
  if (server.upgrades.reboot === "never") {
    run.note("warning", `${configurator.name} asks for a reboot, and the config says never.`);
    return 0;
  }
  if (context.mode === "plan") {
    run.emit({
      type: "resource",
      server: server.name,
      phase: "configure",
      id: text,
      status: "differs",
      ms: 0,
    });
    return 1;
  }
  if (server.name === master) {
    run.step("waiting for the others before the master's reboot");
    const others = servers.map(({ name }) => name).filter((name) => name !== master);
    await run.lendSlot(() => context.milestones.settled(others, "proved", signal));
  }
  await rebootHost(run, text, signal);
  await forgetRebootWish(run);
  return 1;
}
