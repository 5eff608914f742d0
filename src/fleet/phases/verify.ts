import { RemoteError } from "../../errors/error.ts";
import type { CheckResult } from "../../proof/check.ts";
import { configuratorChecks } from "../../proof/configurator-checks.ts";
import { insideResources, judgeInside } from "../../proof/inside-checks.ts";
import { runOutsideChecks } from "../../proof/outside-checks.ts";
import { lookAt } from "../apply-resources.ts";
import { contextOf } from "../configurator/member-context.ts";
import { type PhaseResult, resultOf, type ServerRun, SKIPPED } from "../server-run.ts";
import { sshOptionsOf } from "../ways-in.ts";

/**
 * Proves the server's state: from inside by one check program, and from outside where something was
 * changed in this run or the proof was asked for.
 *
 * @throws RemoteError CHECK_FAILED
 */
export async function verify(run: ServerRun, signal: AbortSignal): Promise<PhaseResult> {
  if (run.host === undefined) return SKIPPED;
  const { context } = run;
  const isPlan = context.mode === "plan";
  if (!isPlan) await waitForMembers(run, signal);
  const fromOutside =
    !isPlan && (context.alwaysProve || run.changes > 0 || run.survey === undefined);
  const checks: CheckResult[] = [];
  const record = (results: readonly CheckResult[]): void => {
    for (const check of results) run.emit({ type: "check", server: run.server.name, check });
    checks.push(...results);
  };
  const [inside, outside] = await Promise.all([
    readInside(run),
    fromOutside ? proveFromOutside(run, signal) : Promise.resolve([]),
  ]);
  record(inside);
  record(outside);
  run.checks = checks;
  const failed = checks.filter(
    ({ status, severity }) => status === "failed" && severity === "error",
  );
  if (failed.length > 0 && !isPlan) {
    throw new RemoteError(
      "CHECK_FAILED",
      `${failed.length} of ${checks.length} checks failed: ${failed.map(({ id }) => id).join(", ")}.`,
      { output: failed.flatMap(({ id, detail }) => `${id}: ${detail}`.split("\n")) },
    );
  }
  return resultOf(0);
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
  const isAsSurveyed =
    run.changes === 0 &&
    !run.hasRunTool &&
    !(run.server.name === run.context.stack.master && run.context.master.wasTouched);
  if (run.survey !== undefined && isAsSurveyed) {
    return judgeInside(run.survey.inside, run.survey.reports);
  }
  run.step("proving from inside");
  const inside = [
    ...insideResources(run.baselineContext()),
    ...configuratorChecks(run.context.stack.configurator, contextOf(run)),
  ];
  const resources = inside.map(({ resource }) => resource);
  return judgeInside(inside, await lookAt(run, resources, "verify"));
}

async function proveFromOutside(
  run: ServerRun,
  signal: AbortSignal,
): Promise<readonly CheckResult[]> {
  const { context, server } = run;
  run.step("proving from outside");
  const host = run.connectedHost();
  return runOutsideChecks({
    stack: context.stack,
    server,
    addresses: run.machine?.publicAddresses ?? [host.target.address],
    arrivalPort: run.machine?.login.port ?? 22,
    transport: context.transport,
    sshOptions: sshOptionsOf(context.stack, server, context.paths.knownHosts),
    budget: context.probes,
    signal,
  });
}
