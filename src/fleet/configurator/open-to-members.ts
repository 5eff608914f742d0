import { accessResources } from "../../baseline/access-resources.ts";
import { prepareResources } from "../../baseline/prepare-resources.ts";
import { toBootmachineError } from "../../errors/error.ts";
import { bringInLine, lookAt } from "../apply-resources.ts";
import { moveToSecuredAccess } from "../phases/secure.ts";
import { dropProofMark } from "../proof-marks.ts";
import type { ServerRun } from "../server-run.ts";
import { declaredWayText, isSecuredWay } from "../ways-in.ts";

/**
 * Makes the stack's members known to a master that takes no part in the run itself, and lets them in: its hosts entries and
 * its openings name their addresses, and a member that was made since finds the master's ports closed. One look where all
 * is as wanted.
 *
 * A master whose own way in has changed in the config, or that was never secured, is left as it is: that is for a run that
 * it takes part in. It is said then, because the members may find its ports closed.
 *
 * @returns whether the master knows the members now
 * @throws BootmachineError as an access change does; the error names the master
 */
export async function openToMembers(master: ServerRun): Promise<boolean> {
  const { context, server, machine } = master;
  const { name } = server;
  const baseline = master.baselineContext();
  const entries = prepareResources(baseline).filter(({ type }) => type === "hosts-entries");
  const openings = accessResources(baseline, "final").filter(({ type }) => type === "firewall");
  const reports = await lookAt(master, [...entries, ...openings], "the stack's members");
  if (reports.every(({ status }) => status === "ok" || status === "skipped")) return true;
  const declared = declaredWayText(context.stack, server);
  const settled = context.records.get(name, machine?.id ?? "")?.settled;
  if (settled !== declared || !isSecuredWay(context.stack, server, master.connectedHost().target)) {
    master.note(
      "warning",
      "It does not know all members of the stack, and its ports may be closed to the new ones. It is left as it is, because its own way in is not as declared either: `bootmachine up` brings both in line.",
    );
    return false;
  }
  const began = performance.now();
  master.phase = "secure";
  master.emit({ type: "phase-started", server: name, phase: "secure" });
  const end = (outcome: "changed" | "failed", changes: number): void =>
    master.emit({
      type: "phase-ended",
      server: name,
      phase: "secure",
      outcome,
      changes,
      ms: Math.round(performance.now() - began),
    });
  try {
    await dropProofMark(context.paths, name);
    const { changes } = await bringInLine(master, entries, { title: "the stack's members" });
    end("changed", changes + (await moveToSecuredAccess(master)));
    return true;
  } catch (thrown) {
    const error = toBootmachineError(thrown);
    error.server ??= name;
    error.phase ??= "secure";
    end("failed", 0);
    throw error;
  }
}
