import pLimit from "p-limit";

import type { BootmachineError } from "../errors/error.ts";
import { toBootmachineError } from "../errors/error.ts";
import type { CheckResult } from "../proof/check.ts";
import type { Server } from "../stack/stack.ts";
import type { ServerSummary } from "./events.ts";
import { revokeAtMaster } from "./configurator/revoke.ts";
import { refuseUnknownWishes } from "./refuse-unknown-wishes.ts";
import type { RunContext } from "./run-context.ts";
import { runBoot, runRest, summarize } from "./run-server.ts";
import { ServerRun } from "./server-run.ts";
import { closeShared, openShared } from "./shared-firewall.ts";
import { WorkSlots } from "./work-slots.ts";
import type { StackMachines } from "./stack-machines.ts";

export interface StackRunResult {
  readonly servers: readonly ServerSummary[];
  readonly checks: ReadonlyMap<string, readonly CheckResult[]>;
  /** Of the whole run, after all servers were done. */
  readonly error?: BootmachineError;
}

/**
 * Who takes no part keeps what it knows of the others, which is worth a word where one of them has a new machine. The master is
 * told of it; a plan says so.
 */
async function tellWhoIsNotTold(context: RunContext, runs: readonly ServerRun[]): Promise<void> {
  const { stack, addresses, emit, master, phases, mode } = context;
  const isPlan = mode === "plan";
  const fresh = runs.filter(({ isFresh, machine }) =>
    isPlan ? machine === undefined : isFresh && machine !== undefined,
  );
  const parts = new Set(runs.map(({ server }) => server.name));
  const others = stack.servers
    .map(({ name }) => name)
    .filter((name) => !parts.has(name) && addresses.machine(name) !== undefined);
  if (fresh.length === 0 || others.length === 0 || !phases.has("boot")) return;
  const news = list(fresh.map(({ server }) => server.name));
  const isTold = (name: string): boolean => name === stack.master && phases.has("enroll");
  const told = others.filter(isTold);
  const say = (text: string): void => emit({ type: "note", level: "info", text });
  if (isPlan && told.length > 0)
    say(`${list(told)}, which takes no part, would get hosts entries and openings for ${news}.`);
  const untold =
    (await master.knowsMembers()) || isPlan ? others.filter((name) => !isTold(name)) : others;
  if (untold.length > 0)
    say(
      `${list(untold)} ${isPlan ? "would take" : "took"} no part: hosts entries and openings there learn of ${news} with the next \`bootmachine up\` of all.`,
    );
}

function list(names: readonly string[]): string {
  return new Intl.ListFormat("en").format(names);
}

function tellExpectedCalls(
  { stack: { provider }, emit }: RunContext,
  servers: readonly Server[],
  observed: StackMachines,
): void {
  const present = servers.filter(({ name }) => observed.get(name) !== undefined).length;
  const expected = provider.expectedCalls?.({ creates: servers.length - present, present });
  if (expected !== undefined)
    emit({ type: "expected-calls", provider: provider.name, ...expected });
}

/**
 * Takes each server through its phases by itself; one slow or failing server holds up nobody.
 *
 * Booting has a queue of its own: a server that waits for the others' addresses must not keep them from booting.
 */
export async function runStack(
  context: RunContext,
  servers: readonly Server[],
  observed: StackMachines,
): Promise<StackRunResult> {
  const selected = new Set(servers.map(({ name }) => name));
  const boots = context.phases.has("boot");
  if (boots) await refuseUnknownWishes(context, servers, observed);
  if (boots && context.mode === "plan") tellExpectedCalls(context, servers, observed);
  const opened = await openShared(context, servers, observed);
  for (const server of context.stack.servers) {
    if (!boots || !selected.has(server.name))
      context.addresses.settle(server.name, observed.get(server.name));
  }
  for (const { name } of context.stack.servers) {
    if (!selected.has(name)) context.milestones.giveUp(name, undefined);
  }
  const runs = servers.map((server) => {
    const run = new ServerRun(server, context, observed.get(server.name));
    run.duplicates = observed.duplicatesOf(server.name);
    return run;
  });
  const master = runs.find((run) => run.server.name === context.stack.master);
  if (master !== undefined) context.master.adopt(master);
  const bootQueue = pLimit(context.stack.concurrency);
  const slots = new WorkSlots(context.stack.concurrency);
  const failed = new Set<string>();
  const summaries = await Promise.all(
    runs.map(async (run) => {
      const { name } = run.server;
      let began = performance.now();
      let error: BootmachineError | undefined;
      try {
        error = await bootQueue(() => {
          began = performance.now();
          return runBoot(run);
        });
        // Of a create that was stopped by the user nothing is known yet, and nothing new is begun.
        if (error !== undefined && error.kind !== "cancelled" && run.machine === undefined)
          context.lost.add(name);
        // Nobody waits for a server that failed to boot. One whose machine is there, and does not start, stays a member: it is
        // trusted, and the others are not changed for it.
        context.addresses.settle(name, run.machine);
        error ??= await slots.within((slot) => {
          run.slot = slot;
          return runRest(run);
        });
      } catch (thrown) {
        error = toBootmachineError(thrown);
        context.emit({ type: "error", server: name, error: error.toRecord() });
      } finally {
        context.addresses.settle(name, undefined);
        context.milestones.giveUp(name, error);
      }
      if (error !== undefined) failed.add(name);
      const summary = summarize(run, error, Math.round(performance.now() - began));
      // The master's host serves the others to the end.
      if (run !== master) await run.close().catch(() => undefined);
      return summary;
    }),
  );
  await tellWhoIsNotTold(context, runs);
  if (context.mode === "apply") await revokeAtMaster(context, [...context.lost], master);
  await master?.close().catch(() => undefined);
  await context.master.close();
  const error =
    opened === undefined ? undefined : await closeShared(context, { opened, runs, failed });
  return {
    ...(error === undefined ? {} : { error }),
    servers: summaries,
    checks: new Map(runs.map((run) => [run.server.name, run.checks])),
  };
}
