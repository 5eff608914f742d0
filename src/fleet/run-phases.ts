import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Phase, PHASES } from "./events.ts";
import type { FleetContexts } from "./fleet-contexts.ts";
import type { RunOutcome, UpOptions } from "./fleet-contract.ts";
import { inRun } from "./in-run.ts";
import type { RunContext } from "./run-context.ts";
import { runStack, type StackRunResult } from "./run-stack.ts";
import { selectServers } from "./selection.ts";
import { ServerRecords } from "./server-records.ts";
import type { StatePaths } from "./state-paths.ts";

/** Phases that cannot do without a connection bring `trust` with them. */
const NEEDS_TRUST: ReadonlySet<Phase> = new Set(PHASES.filter((phase) => phase !== "boot"));

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
  // A plan writes nothing beside the config but its journal: what it pins lies in a directory of its own.
  const scratch =
    up.mode === "plan" ? await mkdtemp(join(tmpdir(), "bootmachine-plan-")) : undefined;
  try {
    return await inRun(
      contexts,
      up.command,
      servers,
      { locked: up.mode === "apply", mode: up.mode },
      async (emit) => {
        for (const text of stack.rehearsal?.notes ?? [])
          emit({ type: "note", level: "info", text });
        const scratchPaths: StatePaths | undefined =
          scratch === undefined
            ? undefined
            : { ...paths, knownHosts: join(scratch, "known_hosts") };
        const base = await contexts.contextFor(emit, {
          mode: up.mode,
          phases,
          alwaysProve: up.alwaysProve ?? false,
          forceConfigure: up.configure ?? false,
          ...(scratchPaths === undefined ? {} : { paths: scratchPaths }),
        });
        const context: RunContext =
          scratch === undefined
            ? base
            : {
                ...base,
                records: ServerRecords.copyTo(base.records, join(scratch, "servers.json")),
              };
        return runStack(context, servers, await contexts.observe(context));
      },
    );
  } finally {
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
  }
}
