import { applyResources } from "../apply-resources.ts";
import { contextOf } from "../configurator/member-context.ts";
import { refuseTooLittleMemory } from "../configurator/memory-needs.ts";
import { relayDownloads } from "../configurator/relay-download.ts";
import { type PhaseResult, resultOf, type ServerRun, SKIPPED } from "../server-run.ts";
import { replaySurvey } from "../survey.ts";

/** Brings the configuration-management tool onto the server; nothing of it takes part in anything yet. */
export async function install(run: ServerRun): Promise<PhaseResult> {
  const { configurator } = run.context.stack;
  if (run.host === undefined || configurator.topology === "none") return SKIPPED;
  refuseTooLittleMemory(run);
  const surveyed = replaySurvey(run, "install");
  if (surveyed === 0 || run.context.mode === "plan") return resultOf(surveyed ?? 0);
  await relayDownloads(run);
  const changes = await applyResources(run, configurator.install(contextOf(run)), {
    title: "install",
    mode: "apply",
  });
  return resultOf(changes);
}
