import { RemoteError } from "../../errors/error.ts";
import type { CheckResult } from "../../proof/check.ts";
import { insideResources, judgeInside } from "../../proof/inside-checks.ts";
import { insideNotSeen, outsideNotSeen } from "../../proof/not-seen.ts";
import { runOutsideChecks } from "../../proof/outside-checks.ts";
import { lookAt } from "../apply-resources.ts";
import { toolClaims } from "../configurator/good-run.ts";
import { contextOf } from "../configurator/member-context.ts";
import { revokeAtMaster } from "../configurator/revoke.ts";
import { dropProofMark, setProofMark } from "../proof-marks.ts";
import { type PhaseResult, resultOf, type ServerRun, SKIPPED } from "../server-run.ts";
import { isAsSurveyed } from "../survey.ts";
import { addressesOf, sshOptionsOf } from "../ways-in.ts";

/**
 * Proves the server's state: from inside by one check program, and from outside where something was
 * changed in this run, where no passed proof is on record, or where the proof was asked for.
 *
 * @throws RemoteError CHECK_FAILED
 */
export async function verify(run: ServerRun, signal: AbortSignal): Promise<PhaseResult> {
  const { context } = run;
  const isPlan = context.mode === "plan";
  if (run.host === undefined && run.shutOut === undefined) return SKIPPED;
  if (!isPlan && run.shutOut === undefined) await waitForMembers(run, signal);
  // Whose machine could not be made is a member no more, and trust in it would fail the master's own proof.
  if (!isPlan && run.server.name === context.stack.master)
    await revokeAtMaster(context, [...context.lost], run);
  const fromOutside =
    !isPlan &&
    (context.alwaysProve || run.changes > 0 || run.survey === undefined || !run.wasProved);
  const seen = await Promise.allSettled([
    run.shutOut === undefined
      ? readInside(run)
      : Promise.resolve(insideNotSeen(run.shutOut.message)),
    fromOutside ? proveFromOutside(run, signal) : Promise.resolve([]),
  ]);
  // What one of the two saw is kept also where the other failed.
  const checks = seen.flatMap((side) => (side.status === "fulfilled" ? side.value : []));
  for (const check of checks) run.emit({ type: "check", server: run.server.name, check });
  run.checks = checks;
  const failed = checks.filter(
    ({ status, severity }) => status === "failed" && severity === "error",
  );
  if (isPlan) {
    throwFirst(seen);
    return resultOf(0);
  }
  if (failed.length > 0) await dropProofMark(context.paths, run.server.name);
  throwFirst(seen);
  if (failed.length > 0) {
    throw new RemoteError(
      "CHECK_FAILED",
      `${failed.length} of ${checks.length} checks failed: ${failed.map(({ id }) => id).join(", ")}.`,
      {
        output: failed.flatMap(({ id, detail }) => `${id}: ${detail}`.split("\n")),
        // Said by an `up` as well, which has just done what it can.
        hint: `\`bootmachine verify -s ${run.server.name}\` shows of each failed check the reason, the difference, and its own way out.`,
      },
    );
  }
  if (!context.readsOnly && run.machine !== undefined)
    await setProofMark(context.paths, run.server.name, run.machine.id);
  return resultOf(0);
}

function throwFirst(sides: readonly PromiseSettledResult<unknown>[]): void {
  const rejected = sides.find((side) => side.status === "rejected");
  if (rejected !== undefined) throw rejected.reason;
}

/** What the master holds of the others is as declared when they have come as far as they can. */
async function waitForMembers(run: ServerRun, signal: AbortSignal): Promise<void> {
  const { master, servers, configurator } = run.context.stack;
  if (run.server.name !== master || configurator.topology === "none") return;
  const others = servers.map(({ name }) => name).filter((name) => name !== master);
  if (others.every((name) => run.context.milestones.state(name, "enrolled") !== undefined)) return;
  run.step("waiting for the others to be enrolled");
  await run.lendSlot(() => run.context.milestones.settled(others, "enrolled", signal));
}

/** The survey's own answers where nothing was changed since; else the checks are run now. */
async function readInside(run: ServerRun): Promise<readonly CheckResult[]> {
  if (run.survey !== undefined && isAsSurveyed(run)) {
    const seen = judgeInside(run.survey.inside, run.survey.reports);
    // What is claimed of the tool hangs on the other servers too, which were being reached, or restarted, at that time.
    if (run.context.mode === "plan" || !seen.some(isFailedClaim)) return seen;
  }
  run.step("proving from inside");
  const inside = [
    ...insideResources(run.baselineContext()),
    ...toolClaims(run.context.stack.configurator, contextOf(run)),
  ];
  const resources = inside.map(({ resource }) => resource);
  return judgeInside(inside, (await lookAt(run, resources, { title: "verify" })).resources);
}

/** Of the configurator's own part. */
function isFailedClaim({ id, status }: CheckResult): boolean {
  return status === "failed" && id.startsWith("configurator-");
}

async function proveFromOutside(
  run: ServerRun,
  signal: AbortSignal,
): Promise<readonly CheckResult[]> {
  const { context, server } = run;
  const { machine } = run;
  const reached = run.host === undefined ? [] : [run.host.target.address];
  const addresses =
    machine === undefined
      ? reached
      : addressesOf(server, machine, context.records.get(server.name, machine.id));
  // Without a proven key nothing is asked of whoever answers.
  if (run.shutOut !== undefined && (addresses.length === 0 || !run.isPinned))
    return outsideNotSeen(run.shutOut.message);
  run.step("proving from outside");
  return runOutsideChecks({
    stack: context.stack,
    server,
    addresses,
    arrivalPort: run.machine?.login.port ?? 22,
    transport: context.transport,
    sshOptions: sshOptionsOf(context.stack, server, context.paths.knownHosts),
    budget: context.probes,
    signal,
  });
}
