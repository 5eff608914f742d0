import { accessResources } from "../../baseline/access-resources.ts";
import { prepareResources } from "../../baseline/prepare-resources.ts";
import { toBootmachineError } from "../../errors/error.ts";
import type { Resource } from "../../program/resource.ts";
import { resourceId } from "../../program/resource-id.ts";
import { bringInLine, emitResource, isAsWanted, lookAt } from "../apply-resources.ts";
import { bringAccessInLine } from "../phases/secure.ts";
import { dropProofMark } from "../proof-marks.ts";
import type { ServerRun } from "../server-run.ts";
import { isSecuredWay } from "../ways-in.ts";

/**
 * Makes the stack's members known to a master that takes no part in the run itself, and lets them in: its hosts entries and
 * its openings name their addresses. A member that was made since finds the master's ports closed; one that is gone leaves them
 * open to whoever has its address next. One look where all is as wanted; a plan only tells.
 *
 * Of a master on which anything else of the way in differs from the config (another port, a user's new key), nothing is
 * changed: that is for a run that it takes part in. It is said then, because its ports may be closed to the members.
 *
 * @returns whether the master knows the members now
 * @throws BootmachineError as an access change does; the error names the master
 */
export async function openToMembers(master: ServerRun): Promise<boolean> {
  const { context, server } = master;
  const { name } = server;
  const baseline = master.baselineContext();
  const entries = prepareResources(baseline).filter(({ type }) => type === "hosts-entries");
  const access = accessResources(baseline, "final");
  const { resources } = await lookAt(master, [...entries, ...access], {
    title: "the stack's members",
  });
  const differing = resources.filter((report) => !isAsWanted(report));
  if (differing.length === 0) return true;
  const isOfMembers = (id: string): boolean =>
    [...entries, ...access.filter(isFirewall)].some((resource) =>
      id.startsWith(resourceId(resource)),
    );
  if (
    !isSecuredWay(context.stack, server, master.connectedHost().target) ||
    !differing.every(({ id }) => isOfMembers(id))
  ) {
    master.note(
      "warning",
      "It may not know all members of the stack, and its ports may be closed to new ones: it is left as it is, because more of its way in differs from the config. `bootmachine up` brings it in line.",
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
  if (context.mode === "plan") {
    for (const report of resources) emitResource(master, report);
    end("changed", differing.length);
    return true;
  }
  try {
    await dropProofMark(context.paths, name);
    const { changes } = await bringInLine(master, entries, { title: "the stack's members" });
    end("changed", changes + (await bringAccessInLine(master)));
    return true;
  } catch (thrown) {
    const error = toBootmachineError(thrown);
    error.server ??= name;
    error.phase ??= "secure";
    end("failed", 0);
    throw error;
  }
}

function isFirewall({ type }: Resource): boolean {
  return type === "firewall";
}
