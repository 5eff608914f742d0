import { accessResources } from "../baseline/access-resources.ts";
import { groundResources } from "../baseline/ground-resources.ts";
import { prepareResources } from "../baseline/prepare-resources.ts";
import { compileProgram } from "../program/compile-program.ts";
import type { ResourceReport } from "../program/report.ts";
import type { Resource } from "../program/resource.ts";
import { resourceId } from "../program/resource-id.ts";
import { insideResources } from "../proof/inside-checks.ts";
import { countChanges, emitResource } from "./apply-resources.ts";
import { type ServerRun, type Survey, SURVEY_PARTS, type SurveyPart } from "./server-run.ts";

/**
 * Looks at a host that was there before this run: the resources of all parts in one check program, in one
 * round trip. Changes nothing. What is as wanted needs no further look in this run; a plan is made of it too.
 */
export async function surveyHost(run: ServerRun): Promise<Survey> {
  const context = run.baselineContext();
  const wanted = run.context.phases;
  const resources: Record<SurveyPart, readonly Resource[]> = {
    prepare: wanted.has("prepare") ? prepareResources(context) : [],
    ground: wanted.has("secure") ? groundResources(context) : [],
    access: wanted.has("secure") ? accessResources(context, "final") : [],
    checks: wanted.has("verify") ? insideResources(context).map(({ resource }) => resource) : [],
  };
  const program = compileProgram(
    SURVEY_PARTS.flatMap((part) => resources[part].map((resource) => inPart(part, resource))),
    {
      title: `${context.stack.name} ${run.server.name}: survey`,
      mode: "check",
      distro: context.distro,
      facts: context.facts,
    },
  );
  const report = await run.connectedHost().runProgram(program, {
    signal: run.context.signal,
    timeoutMs: run.server.ssh.phaseTimeoutMs,
  });
  return new Map(SURVEY_PARTS.map((part) => [part, reportsOf(part, report.resources)]));
}

/** The same resource may stand in two parts: its id says which one is meant. */
function inPart(part: SurveyPart, resource: Resource): Resource {
  return { ...resource, id: `${part}: ${resourceId(resource)}` };
}

function reportsOf(
  part: SurveyPart,
  reports: readonly ResourceReport[],
): readonly ResourceReport[] {
  const prefix = `${part}: `;
  return reports
    .filter(({ id }) => id.startsWith(prefix))
    .map((report) => ({ ...report, id: report.id.slice(prefix.length) }));
}

/**
 * Shows what the survey found for one part, as events of the phase now running.
 *
 * @returns how many resources differ; undefined where the host was not surveyed
 */
export function replaySurvey(
  run: ServerRun,
  part: Exclude<SurveyPart, "checks">,
): number | undefined {
  const reports = run.survey?.get(part);
  if (reports === undefined) return undefined;
  const changes = countChanges(reports);
  // What differs is about to be worked on and reported then; a plan shows it now.
  if (changes === 0 || run.context.mode === "plan")
    for (const report of reports) emitResource(run, report);
  return changes + reports.filter(({ status }) => status === "failed").length;
}
