import { accessResources } from "../baseline/access-resources.ts";
import { groundResources } from "../baseline/ground-resources.ts";
import { prepareResources } from "../baseline/prepare-resources.ts";
import type { ResourceReport } from "../program/report.ts";
import type { Resource } from "../program/resource.ts";
import { resourceId } from "../program/resource-id.ts";
import { type BaselinePart, type InsideCheck, insideResources } from "../proof/inside-checks.ts";
import { countChanges, emitResource, lookAt } from "./apply-resources.ts";
import { GOOD_RUN_ID, goodRunResource, hashContent, toolClaims } from "./configurator/good-run.ts";
import {
  type JointLook,
  joinOwnSteps,
  lookOf,
  readingOf,
  withPrefix,
} from "./configurator/joint-look.ts";
import { contextOf } from "./configurator/member-context.ts";
import { TREES_ID, treesResource } from "./configurator/trees-in-force.ts";
import type { ServerRun } from "./server-run.ts";

/** Under this id a program reports triggers of an earlier, killed run that none of its resources names. */
const PENDING_TRIGGERS_ID = "pending triggers";

/** What the first steps of enrolment are reported under. */
const ENROLMENT = "enroll: ";

/** What a survey looks at in one piece. */
export type SurveyPart = BaselinePart | "install";

/** What a look at a host that was there before has found. */
export interface Survey {
  /** Ids begin with their part: "prepare: ", "ground: ", "access: ", "install: ", "enroll: ", "configurator: ", "proof ". */
  readonly reports: readonly ResourceReport[];
  readonly parts: ReadonlySet<SurveyPart>;
  readonly inside: readonly InsideCheck[];
  /** Of the first steps of enrolment, which need nothing of another host. */
  readonly enrolment?: JointLook;
}

/**
 * Looks at a host that was there before this run: the resources of all phases and the inside checks in one check
 * program, in one round trip. Changes nothing. What is as wanted needs no further look in this run; a plan is
 * made of it too.
 */
export async function surveyHost(run: ServerRun): Promise<Survey> {
  const context = run.baselineContext();
  const { phases, stack } = run.context;
  const member = contextOf(run);
  const parts: readonly (readonly [SurveyPart, readonly Resource[]])[] = [
    ["prepare", phases.has("prepare") ? prepareResources(context) : []],
    ["ground", phases.has("secure") ? groundResources(context) : []],
    ["access", phases.has("secure") ? accessResources(context, "final") : []],
    ["install", phases.has("install") ? stack.configurator.install(member) : []],
  ];
  const inside = phases.has("verify")
    ? [...insideResources(context), ...toolClaims(stack.configurator, member)]
    : [];
  // The proof asks for most of the baseline too, under the same ids: each is looked at once.
  const byId = new Map<string, Resource>();
  for (const [part, resources] of parts) {
    for (const resource of resources) {
      const id = `${part}: ${resourceId(resource)}`;
      byId.set(id, { ...resource, id });
    }
  }
  for (const { resource } of inside) {
    const id = resourceId(resource);
    if (!byId.has(id)) byId.set(id, resource);
  }
  if (phases.has("configure") && stack.configurator.run([member]) !== undefined) {
    byId.set(GOOD_RUN_ID, goodRunResource(await hashContent(run, member), context.facts));
    for (const resource of await treesResource(run, member)) byId.set(TREES_ID, resource);
  }
  const joint = phases.has("enroll")
    ? joinOwnSteps(run, stack.configurator.enroll(member))
    : undefined;
  for (const resource of joint?.resources ?? []) {
    const id = `${ENROLMENT}${resource.id}`;
    byId.set(id, { ...resource, id });
  }
  const { resources: reports, reading } = await lookAt(run, [...byId.values()], {
    title: "survey",
    ...readingOf(joint),
  });
  return {
    reports,
    parts: new Set(parts.flatMap(([part, resources]) => (resources.length === 0 ? [] : [part]))),
    inside,
    ...(joint === undefined
      ? {}
      : { enrolment: lookOf(joint, withPrefix(reports, ENROLMENT), reading) }),
  };
}

/** Whether what the survey saw of the host still holds: nothing has been done there since, nor for another member at its master. */
export function isAsSurveyed({ changes, hasRunTool, server, context }: ServerRun): boolean {
  const isTouched = server.name === context.stack.master && context.master.wasTouched;
  return changes === 0 && !hasRunTool && !isTouched;
}

/**
 * Shows what the survey found for one part, as events of the phase now running.
 *
 * @returns how many resources differ; undefined where the host was not surveyed
 */
export function replaySurvey(run: ServerRun, part: SurveyPart): number | undefined {
  const { survey } = run;
  if (survey === undefined || !survey.parts.has(part)) return undefined;
  const reports = [
    ...withPrefix(survey.reports, `${part}: `),
    // What a killed run left to be done and no resource names: any program that mends does it, so one has to run.
    ...(part === "ground" ? survey.reports.filter(({ id }) => id === PENDING_TRIGGERS_ID) : []),
  ];
  const changes = countChanges(reports);
  // What differs is about to be worked on and reported then; a plan shows it now.
  if (changes === 0 || run.context.mode === "plan") {
    for (const report of reports) emitResource(run, report);
  }
  return changes + reports.filter(({ status }) => status === "failed").length;
}
