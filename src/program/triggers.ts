import { createHash } from "node:crypto";
import type { DistroOperations } from "../distros/contract.ts";
import { ImpossibleOperation } from "./compile-context.ts";
import { operationScript } from "./operation-script.ts";
import type { Trigger } from "./resource.ts";

/** A trigger as it is noted on a host: a script that stands by itself, so that any later program can run it. */
export interface NotedTrigger {
  /** The same for the same script: a trigger is noted once. */
  readonly key: string;
  readonly script: string;
}

const LONGEST_LABEL = 80;

/** @throws ImpossibleOperation */
export function noteTrigger(trigger: Trigger, operations: DistroOperations): NotedTrigger {
  const label = triggerLabel(trigger);
  const script = `# ${label}
# Noted by bootmachine before a change that asks for it, and run at the end of a run.
# It is still here because a run was killed, or because it failed. By hand: sh THIS_FILE && rm THIS_FILE
${bodyOf(trigger, operations)}
`;
  return { key: createHash("sha256").update(script).digest("hex").slice(0, 16), script };
}

function bodyOf(trigger: Trigger, operations: DistroOperations): string {
  if ("run" in trigger) return trigger.run;
  const [operation, service] =
    "reload" in trigger
      ? [operations.serviceReload, trigger.reload]
      : [operations.serviceRestart, trigger.restart];
  if ("impossible" in operation) throw new ImpossibleOperation(operation.impossible);
  return operationScript(operation, [service]);
}

/** The trigger in words, on one line: "reload ssh". */
export function triggerLabel(trigger: Trigger): string {
  const text =
    "run" in trigger
      ? `run ${trigger.run}`
      : "reload" in trigger
        ? `reload ${trigger.reload}`
        : `restart ${trigger.restart}`;
  return text
    .replaceAll(/[\u0000-\u001F\u007F\s]+/g, " ")
    .trim()
    .slice(0, LONGEST_LABEL);
}
