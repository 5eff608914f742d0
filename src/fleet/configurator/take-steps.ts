import type { Step } from "../../configurators/contract.ts";
import { RemoteError } from "../../errors/error.ts";
import { KEPT_READING_CHARACTERS } from "../../program/protocol.ts";
import { bringInLine } from "../apply-resources.ts";
import type { ServerRun } from "../server-run.ts";
import {
  isSettledBy,
  type JointLook,
  type JointSteps,
  joinSteps,
  lookAtSteps,
  showLook,
} from "./joint-look.ts";

const READING_TIMEOUT_MS = 120_000;

export interface StepsOptions {
  readonly signal: AbortSignal;
  /** Is over before anything is changed by a step; called before each that changes something. */
  readonly beforeChange?: () => Promise<void>;
  /** What this run has seen of the first steps, where nothing was changed on their host since. */
  readonly seen?: JointLook;
}

/**
 * Takes a member through steps on itself and on the master, in turn; what one has read, the next may use. Nothing is changed
 * where nothing differs. Steps that need nothing of each other cost one look together, and are taken one by one where
 * something differs.
 *
 * A plan stops at the first step that differs: what it would leave behind cannot be read yet.
 *
 * @returns how many resources were changed, or differ in a plan
 */
export async function takeSteps(
  run: ServerRun,
  steps: readonly Step[],
  options: StepsOptions,
): Promise<number> {
  const { seen, signal } = options;
  const readings: Record<string, string> = {};
  let changes = 0;
  let left = steps;
  while (left.length > 0) {
    signal.throwIfAborted();
    const joint = joinSteps(run, left, readings);
    left = left.slice(joint.steps.length);
    const place = await placeOf(run, joint, signal);
    const look = isSettledBy(seen, joint) ? seen : await lookAtSteps(run, place, joint);
    if (isSettledBy(look, joint)) {
      showLook(run, look);
      if (joint.read !== undefined)
        readings[joint.read.name] =
          look.reading ?? (await read(place, joint.steps.at(-1)?.title ?? "", joint.read, signal));
      continue;
    }
    for (const step of joint.steps) {
      changes += await takeStep(run, place, step, readings, options);
      if (changes > 0 && run.context.mode === "plan") return changes;
    }
  }
  return changes;
}

async function placeOf(
  run: ServerRun,
  { steps }: JointSteps,
  signal: AbortSignal,
): Promise<ServerRun> {
  return steps[0]?.on === "master" ? run.context.master.connected(run, signal) : run;
}

/** Takes one step by itself, and adds to the readings what it reads. */
async function takeStep(
  run: ServerRun,
  place: ServerRun,
  step: Step,
  readings: Record<string, string>,
  { signal, beforeChange }: StepsOptions,
): Promise<number> {
  signal.throwIfAborted();
  run.step(step.title);
  const { changes, reading } = await bringInLine(run, step.resources(readings), {
    title: step.title,
    place,
    ...(step.read === undefined ? {} : { reading: step.read.script }),
    ...(beforeChange === undefined ? {} : { beforeChange }),
  });
  if (changes > 0 && place !== run) run.context.master.wasTouched = true;
  if (step.read !== undefined && (changes === 0 || run.context.mode === "apply"))
    readings[step.read.name] = reading ?? (await read(place, step.title, step.read, signal));
  return changes;
}

type Read = NonNullable<Step["read"]>;

async function read(
  place: ServerRun,
  title: string,
  { name, script }: Read,
  signal: AbortSignal,
): Promise<string> {
  const { status, stdout, stderr } = await place.connectedHost().run(script, {
    timeoutMs: READING_TIMEOUT_MS,
    signal,
  });
  if (status === 0 && stdout.length <= KEPT_READING_CHARACTERS) return stdout.replace(/\n$/u, "");
  throw new RemoteError(
    "COMMAND_FAILED",
    `Reading the ${name.replaceAll("-", " ")} on ${place.server.name} (${title}) ${status === 0 ? "gave more than 64 KiB" : `ended with exit status ${status}`}.`,
    { exitStatus: status, output: stderr.trim().split("\n").slice(-20) },
  );
}
