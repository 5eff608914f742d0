import type { Step } from "../../configurators/contract.ts";
import { RemoteError } from "../../errors/error.ts";
import { KEPT_READING_CHARACTERS } from "../../program/protocol.ts";
import { bringInLine } from "../apply-resources.ts";
import type { ServerRun } from "../server-run.ts";

const READING_TIMEOUT_MS = 120_000;

/**
 * Takes a member through steps on itself and on the master, in turn; what one has read, the next may use. Nothing is changed
 * where nothing differs.
 *
 * A plan stops at the first step that differs: what it would leave behind cannot be read yet.
 *
 * @param beforeChange Is over before anything is changed by a step; called before each that changes something.
 * @returns how many resources were changed, or differ in a plan
 */
export async function takeSteps(
  run: ServerRun,
  steps: readonly Step[],
  signal: AbortSignal,
  beforeChange?: () => Promise<void>,
): Promise<number> {
  const { context } = run;
  const readings: Record<string, string> = {};
  let changes = 0;
  for (const step of steps) {
    signal.throwIfAborted();
    const place = step.on === "member" ? run : await context.master.connected(run, signal);
    run.step(step.title);
    const brought = await bringInLine(run, step.resources(readings), {
      title: step.title,
      place,
      ...(step.read === undefined ? {} : { reading: step.read.script }),
      ...(beforeChange === undefined ? {} : { beforeChange }),
    });
    changes += brought.changes;
    if (brought.changes > 0) {
      if (place !== run) context.master.wasTouched = true;
      if (context.mode === "plan") return changes;
    }
    if (step.read !== undefined)
      readings[step.read.name] = brought.reading ?? (await read(place, step, signal));
  }
  return changes;
}

async function read(place: ServerRun, step: Step, signal: AbortSignal): Promise<string> {
  const { name, script } = step.read ?? { name: "", script: ":" };
  const { status, stdout, stderr } = await place.connectedHost().run(script, {
    timeoutMs: READING_TIMEOUT_MS,
    signal,
  });
  if (status === 0 && stdout.length <= KEPT_READING_CHARACTERS) return stdout.replace(/\n$/u, "");
  throw new RemoteError(
    "COMMAND_FAILED",
    `Reading the ${name.replaceAll("-", " ")} on ${place.server.name} (${step.title}) ${status === 0 ? "gave more than 64 KiB" : `ended with exit status ${status}`}.`,
    { exitStatus: status, output: stderr.trim().split("\n").slice(-20) },
  );
}
