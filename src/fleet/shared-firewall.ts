import { type BootmachineError, toBootmachineError } from "../errors/error.ts";
import type { Inlet, Machine, SharedReport, SharedWish } from "../providers/contract.ts";
import type { Server } from "../stack/stack.ts";
import { declaredInlets, meanwhileInlets } from "./inlets.ts";
import { providerContext, type RunContext } from "./run-context.ts";
import type { ServerRun } from "./server-run.ts";
import { declaredWayText } from "./ways-in.ts";

/**
 * The first half of a change to the firewall that a provider has around the machines: all that is declared, and all by which
 * a host may be reached now, is let in, and nothing is closed. A plan is only told.
 *
 * @returns undefined where the run or the provider has nothing to do with it
 */
export async function openShared(
  context: RunContext,
  servers: readonly Server[],
  observed: ReadonlyMap<string, Machine>,
): Promise<SharedReport | undefined> {
  const { stack, phases, mode, records } = context;
  if (!phases.has("boot") && !phases.has("secure")) return undefined;
  const wish: SharedWish = {
    inlets: declaredInlets(stack),
    meanwhile: meanwhileInlets(stack, records, observed, servers),
    mode: mode === "plan" ? "plan" : "open",
  };
  const report = await stack.provider.ensureShared?.(wish, providerContext(context));
  if (report === undefined) return undefined;
  tell(context, mode === "plan" ? { ...report, closed: report.surplus } : report);
  return report;
}

/** How a run came out. */
interface Ending {
  readonly opened: SharedReport;
  readonly observed: ReadonlyMap<string, Machine>;
  readonly runs: readonly ServerRun[];
  /** Names of servers whose run failed or was cancelled. */
  readonly failed: ReadonlySet<string>;
}

/**
 * The second half: what is not declared is closed, where every machine of the stack is known to be on its declared way, those
 * included that the run had nothing to do with. Else it stays open, and that is said.
 *
 * @returns why it could not be closed; the next run closes it
 */
export async function closeShared(
  context: RunContext,
  ending: Ending,
): Promise<BootmachineError | undefined> {
  const { stack, mode, signal } = context;
  const { surplus } = ending.opened;
  if (mode === "plan" || surplus.length === 0 || signal.aborted) return undefined;
  const unsettled = unsettledServers(context, ending);
  const wish: SharedWish = { inlets: declaredInlets(stack), meanwhile: [], mode: "close" };
  if (unsettled.length > 0) {
    if (context.phases.has("secure")) tellLeftOpen(context, surplus, unsettled);
    return undefined;
  }
  try {
    const report = await stack.provider.ensureShared?.(wish, providerContext(context));
    if (report !== undefined) tell(context, report);
    return undefined;
  } catch (thrown) {
    return toBootmachineError(thrown);
  }
}

function tell(
  { emit, stack: { provider }, mode }: RunContext,
  { made, opened, closed }: Pick<SharedReport, "made" | "opened" | "closed">,
): void {
  if (made.length + opened.length + closed.length === 0) return;
  const isPlanned = mode === "plan";
  emit({ type: "shared", provider: provider.name, isPlanned, made, opened, closed });
}

function tellLeftOpen(
  { emit, stack: { provider } }: RunContext,
  surplus: readonly string[],
  unsettled: readonly string[],
): void {
  const shown = unsettled.slice(0, 5).join(", ");
  const others = unsettled.length > 5 ? ` and ${unsettled.length - 5} others` : "";
  emit({
    type: "note",
    level: "warning",
    text: `${provider.name} still lets in ${surplus.join("; ")}, because nobody knows yet that ${shown}${others} can do without. The next \`bootmachine up\` that leaves all servers on their declared way closes it; \`bootmachine destroy --orphans\` removes those that the config names no more.`,
  });
}

/** Names of those that may still need what is not declared, orphans included. */
function unsettledServers(
  { stack, records }: RunContext,
  { runs, failed, observed }: Ending,
): readonly string[] {
  const runOf = new Map(runs.map((run) => [run.server.name, run]));
  const declared = stack.servers.filter((server) => {
    const run = runOf.get(server.name);
    if (run?.isSettled === true) return false;
    // Its machine may have been made, and nobody knows.
    if (failed.has(server.name)) return true;
    const machine = run?.machine ?? observed.get(server.name);
    if (machine === undefined) return false;
    return records.get(server.name, machine.id)?.settled !== declaredWayText(stack, server);
  });
  const names = new Set(stack.servers.map(({ name }) => name));
  const inlets = declaredInlets(stack);
  const orphans = [...observed.values()].filter((machine) => {
    if (names.has(machine.server)) return false;
    const port = records.get(machine.server, machine.id)?.way?.port;
    return !inlets.some((inlet) => port !== undefined && isFromAnywhereTo(inlet, port));
  });
  return [...declared.map(({ name }) => name), ...orphans.map(({ server }) => server)];
}

function isFromAnywhereTo({ protocol, fromPort, toPort, from }: Inlet, port: number): boolean {
  return protocol === "tcp" && from === "anywhere" && fromPort <= port && port <= toPort;
}
