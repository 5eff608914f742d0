import { noteEnrolment } from "../configurator/good-run.ts";
import { contextOf } from "../configurator/member-context.ts";
import { takeSteps } from "../configurator/take-steps.ts";
import { type PhaseResult, resultOf, type ServerRun, SKIPPED } from "../server-run.ts";
import { isAsSurveyed } from "../survey.ts";

/**
 * The server and the master come to know each other over the proven channel. Looked at in every run: that is how a master
 * that was built anew, or a server made again under its old name, is noticed.
 */
export async function enroll(run: ServerRun, signal: AbortSignal): Promise<PhaseResult> {
  const { enrolments, stack } = run.context;
  const { configurator } = stack;
  if (run.host === undefined || configurator.topology === "none") return SKIPPED;
  const steps = configurator.enroll(contextOf(run));
  if (steps.length === 0) return SKIPPED;
  // Of this process nobody may be left to run the tool for it: the server itself has to say so.
  let noted: Promise<void> | undefined;
  const note = (): Promise<void> => (noted ??= noteEnrolment(run));
  const seen = isAsSurveyed(run) ? run.survey?.enrolment : undefined;
  const changes = await enrolments.within(run.server.name, () =>
    takeSteps(run, steps, { signal, beforeChange: note, ...(seen === undefined ? {} : { seen }) }),
  );
  run.isNewlyEnrolled = changes > 0;
  return resultOf(changes);
}
