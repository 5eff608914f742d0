import { type BootmachineError, toBootmachineError } from "../errors/error.ts";
import type { Server } from "../stack/stack.ts";
import type { EmitEvent, EventBody, ServerSummary } from "./events.ts";
import { type FleetContexts, stamp } from "./fleet-contexts.ts";
import type { RunOutcome } from "./fleet-contract.ts";
import { Journal, makeRunId, removeOldJournals } from "./journal.ts";
import { lockStack } from "./stack-lock.ts";
import { writeSshConfig } from "./write-ssh-config.ts";

/** Journal, lock, first and last event, products: what every run has in common. */
export async function inRun<
  T extends {
    readonly servers: readonly ServerSummary[];
    readonly error?: BootmachineError;
    /** What the run knows of all machines of the stack; absent: another look is needed. */
    readonly known?: ProductFacts;
  },
>(
  contexts: FleetContexts,
  command: string,
  servers: readonly Pick<Server, "name">[],
  settings: { readonly locked: boolean; readonly mode: "apply" | "plan" },
  work: (emit: EmitEvent) => Promise<T>,
): Promise<{ readonly result: T; readonly outcome: RunOutcome }> {
  const { options, paths } = contexts;
  const { stack } = options;
  const lock = settings.locked ? await lockStack(paths.lock, options.who, command) : undefined;
  const runId = makeRunId(command, new Date());
  const journal = new Journal(paths.journals, runId);
  const began = performance.now();
  let toldFailure = false;
  const emit = (event: EventBody): void => {
    const stamped = stamp(event);
    journal.write(stamped);
    options.onEvent(stamped);
    if (journal.failure !== undefined && !toldFailure) {
      toldFailure = true;
      options.onEvent(
        stamp({
          type: "note",
          level: "warning",
          text: `No journal of this run: ${journal.failure}`,
        }),
      );
    }
  };
  emit({
    type: "run-started",
    runId,
    command,
    stack: stack.name,
    servers: servers.map(({ name }) => name),
    version: options.version,
  });
  try {
    const result = await work(emit);
    if (result.error !== undefined) emit({ type: "error", error: result.error.toRecord() });
    const outcome = result.error === undefined ? outcomeOf(result.servers) : "failed";
    const ms = Math.round(performance.now() - began);
    // Who failed may have a machine that this run knows nothing of.
    const known = outcome === "ok" ? result.known : undefined;
    if (settings.mode === "apply") await writeProducts(contexts, emit, known);
    emit({ type: "run-ended", outcome, ms, servers: result.servers });
    await removeOldJournals(paths.journals).catch(() => undefined);
    return {
      result,
      outcome: { outcome, servers: result.servers, ms, journalFile: journal.file },
    };
  } catch (thrown) {
    const error = toBootmachineError(thrown);
    emit({ type: "error", error: error.toRecord() });
    emit({
      type: "run-ended",
      outcome: error.kind === "cancelled" ? "cancelled" : "failed",
      ms: Math.round(performance.now() - began),
      servers: [],
    });
    throw error;
  } finally {
    journal.close();
    await lock?.release();
  }
}

type ProductFacts = Parameters<typeof writeSshConfig>[0];

/** The files beside the config that other programs read. @param known absent: the provider is asked */
export async function writeProducts(
  contexts: FleetContexts,
  emit: EmitEvent,
  known?: ProductFacts,
): Promise<void> {
  try {
    await writeSshConfig(known ?? (await contexts.settledContext()));
  } catch (error) {
    emit({
      type: "note",
      level: "warning",
      text: `The ssh_config could not be written: ${error instanceof Error ? error.message : String(error)}`,
    });
  }
}

function outcomeOf(servers: readonly ServerSummary[]): RunOutcome["outcome"] {
  if (servers.some(({ outcome }) => outcome === "failed")) return "failed";
  return servers.some(({ outcome }) => outcome === "cancelled") ? "cancelled" : "ok";
}
