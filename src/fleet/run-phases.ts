import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type EmitEvent, type Phase, PHASES } from "./events.ts";
import type { FleetContexts } from "./fleet-contexts.ts";
import type { RunOutcome, UpOptions } from "./fleet-contract.ts";
import { inRun } from "./in-run.ts";
import type { RunContext } from "./run-context.ts";
import { runStack, type StackRunResult } from "./run-stack.ts";
import { selectServers } from "./selection.ts";
import { ServerRecords } from "./server-records.ts";
import { readLock } from "./stack-lock.ts";

/** Phases that cannot do without a connection bring `trust` with them. */
const NEEDS_TRUST: ReadonlySet<Phase> = new Set(PHASES.filter((phase) => phase !== "boot"));

/** A run that reads only asks a host that gives no answer no longer than this. */
const PATIENCE_MS = 20_000;

/** Takes the selected servers through phases: up, plan, verify, and every single phase. */
export async function runPhases(
  contexts: FleetContexts,
  up: UpOptions,
): Promise<{ readonly result: StackRunResult; readonly outcome: RunOutcome }> {
  const { paths, options } = contexts;
  const { stack } = options;
  const servers = selectServers(stack, up.selection);
  const phases = new Set(up.phases ?? PHASES);
  if ([...phases].some((phase) => NEEDS_TRUST.has(phase))) phases.add("trust");
  const readsOnly = up.mode === "plan" || up.readsOnly === true;
  // What reads only writes nothing beside the config but its journal: what it pins lies in a directory of its own.
  const scratch = readsOnly
    ? await mkdtemp(join(tmpdir(), `bootmachine-${up.command}-`))
    : undefined;
  try {
    return await inRun(
      contexts,
      up.command,
      servers,
      { locked: !readsOnly, mode: readsOnly ? "plan" : "apply" },
      async (emit) => {
        for (const text of stack.rehearsal?.notes ?? [])
          emit({ type: "note", level: "info", text });
        if (up.mode === "apply" && readsOnly) await tellOfOtherRun(contexts, emit);
        const base = await contexts.contextFor(emit, {
          mode: up.mode,
          phases,
          alwaysProve: up.alwaysProve ?? false,
          forceConfigure: up.configure ?? false,
          readsOnly,
          ...(readsOnly ? { patienceMs: PATIENCE_MS } : {}),
        });
        const context: RunContext =
          scratch === undefined
            ? base
            : {
                ...base,
                paths: { ...paths, knownHosts: join(scratch, "known_hosts") },
                records: ServerRecords.copyTo(base.records, join(scratch, "servers.json")),
              };
        const result = await runStack(context, servers, await contexts.observe(context));
        return { ...result, known: context };
      },
    );
  } finally {
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
  }
}

/** A proof takes no lock: what it sees of a stack that is being worked on may be half-done, which is worth a word. */
async function tellOfOtherRun({ paths }: FleetContexts, emit: EmitEvent): Promise<void> {
  const other = await readLock(paths.lock);
  if (other === undefined) return;
  emit({
    type: "note",
    level: "warning",
    text: `\`${other.command}\` by ${other.who} works on this stack since ${other.since}: what is seen now may be half-done.`,
  });
}
