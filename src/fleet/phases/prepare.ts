import { prepareResources } from "../../baseline/prepare-resources.ts";
import { applyResources } from "../apply-resources.ts";
import { rebootHost } from "../reboot-host.ts";
import { type PhaseResult, resultOf, type ServerRun, SKIPPED } from "../server-run.ts";
import { readReasonToReboot } from "../reboot-host.ts";
import { replaySurvey } from "../survey.ts";

/** Brings the distro up to date and gives the host its name, neighbours, locale and time. */
export async function prepare(run: ServerRun, signal: AbortSignal): Promise<PhaseResult> {
  if (run.host === undefined) return SKIPPED;
  const surveyed = replaySurvey(run, "prepare");
  if (surveyed === 0 || run.context.mode === "plan") return resultOf(surveyed ?? 0);
  const changes = await applyResources(run, prepareResources(run.baselineContext()), {
    title: "prepare",
    mode: "apply",
  });
  const reason = await readReasonToReboot(run);
  if (reason === undefined) return resultOf(changes);
  if (run.server.upgrades.reboot === "never") {
    run.note("warning", `A reboot is needed (${reason}), and the config says never.`);
    return resultOf(changes);
  }
  await rebootHost(run, `reboot: ${reason}`, signal);
  return resultOf(changes + 1);
}
