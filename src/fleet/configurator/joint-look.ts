import type { Readings, Step } from "../../configurators/contract.ts";
import type { ResourceReport } from "../../program/report.ts";
import type { Resource } from "../../program/resource.ts";
import { resourceId } from "../../program/resource-id.ts";
import { emitResource, isAsWanted, lookAt } from "../apply-resources.ts";
import type { ServerRun } from "../server-run.ts";

/** Steps on one host that need nothing of each other, so that one program can look at all of them. */
export interface JointSteps {
  readonly steps: readonly Step[];
  /** Of all steps; the ids begin with the step's number. */
  readonly resources: readonly Resource[];
  /** Of the last step; the others read nothing. */
  readonly read: Step["read"];
}

/** What one look at several steps has found. */
export interface JointLook {
  readonly joint: JointSteps;
  /** Under the ids of `joint.resources`. */
  readonly reports: readonly ResourceReport[];
  /** What `joint.read` printed; undefined where there is none, or it could not be read. */
  readonly reading?: string;
}

/** The first of the steps, as many as can be looked at together. Empty where there are none. */
export function joinSteps(
  run: ServerRun,
  steps: readonly Step[],
  readings: Readings = {},
): JointSteps {
  const [first] = steps;
  const elsewhere = steps.findIndex((step) => hostOf(run, step) !== hostOf(run, first));
  const reading = steps.findIndex(({ read }) => read !== undefined);
  const joined = steps.slice(
    0,
    Math.min(
      elsewhere === -1 ? steps.length : elsewhere,
      reading === -1 ? steps.length : reading + 1,
    ),
  );
  return {
    steps: joined,
    resources: joined.flatMap((step, index) =>
      step
        .resources(readings)
        .map((resource) => ({ ...resource, id: `${index}: ${resourceId(resource)}` })),
    ),
    read: joined.at(-1)?.read,
  };
}

/** The first of the steps where they are on the server's own host; undefined where they are on another one, or there are none. */
export function joinOwnSteps(run: ServerRun, steps: readonly Step[]): JointSteps | undefined {
  const [first] = steps;
  return first === undefined || hostOf(run, first) !== run.server.name
    ? undefined
    : joinSteps(run, steps);
}

/** Whose host a step is on, by the server's name. */
function hostOf(run: ServerRun, step: Step | undefined): string | undefined {
  return step?.on === "master" ? run.context.stack.master : run.server.name;
}

/**
 * Looks at joint steps in one round trip; shows nothing and changes nothing.
 *
 * @param place whose host they are on
 * @returns undefined where it would save nothing: one step is looked at when it is taken, and on a machine that was just made
 *   nothing is as wanted
 */
export async function lookAtSteps(
  run: ServerRun,
  place: ServerRun,
  joint: JointSteps,
): Promise<JointLook | undefined> {
  if (joint.steps.length === 1 || run.isFresh) return undefined;
  const title = joint.steps.map((step) => step.title).join("; ");
  const report = await lookAt(run, joint.resources, { title, place, ...readingOf(joint) });
  return lookOf(joint, report.resources, report.reading);
}

export function lookOf(
  joint: JointSteps,
  reports: readonly ResourceReport[],
  reading: string | undefined,
): JointLook {
  return { joint, reports, ...(reading === undefined ? {} : { reading }) };
}

/** What a program that looks at the steps has to read for them. */
export function readingOf(joint: JointSteps | undefined): { readonly reading?: string } {
  return joint?.read === undefined ? {} : { reading: joint.read.script };
}

/** Whether a look was at these very steps, and found all as wanted. */
export function isSettledBy(look: JointLook | undefined, joint: JointSteps): look is JointLook {
  return (
    look !== undefined &&
    look.reports.length >= look.joint.resources.length &&
    look.reports.every(isAsWanted) &&
    isSame(look.joint, joint)
  );
}

/** What a step wants may depend on what has become known since: addresses, keys. */
function isSame(one: JointSteps, other: JointSteps): boolean {
  const textOf = ({ resources, read }: JointSteps): string => JSON.stringify([resources, read]);
  return one === other || textOf(one) === textOf(other);
}

/** Shows what was found, step by step. */
export function showLook(run: ServerRun, { joint, reports }: JointLook): void {
  for (const [index, step] of joint.steps.entries()) {
    run.step(step.title);
    for (const report of withPrefix(reports, `${index}: `)) emitResource(run, report);
  }
}

/** The reports whose ids begin with the prefix, without it. */
export function withPrefix(
  reports: readonly ResourceReport[],
  prefix: string,
): readonly ResourceReport[] {
  return reports
    .filter(({ id }) => id.startsWith(prefix))
    .map((report) => ({ ...report, id: report.id.slice(prefix.length) }));
}
