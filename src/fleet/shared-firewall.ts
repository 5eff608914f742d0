import { type BootmachineError, toBootmachineError } from "../errors/error.ts";
import type { Inlet, Machine, SharedReport, SharedWish } from "../providers/contract.ts";
import type { Server } from "../stack/stack.ts";
import { declaredInlets, meanwhileInlets } from "./inlets.ts";
import { providerContext, type RunContext } from "./run-context.ts";
import type { ServerRun } from "./server-run.ts";
import type { StackMachines } from "./stack-machines.ts";
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
  observed: Pick<StackMachines, "get">,
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
  readonly runs: readonly Pick<ServerRun, "server" | "isSettled" | "machine">[];
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
  const isTold = context.phases.has("secure");
  // A run that leaves its own machines on their first way knows without a look that nothing can be closed.
  const own = ending.runs.flatMap(({ machine }) => machine ?? []);
  if (!isTold && unsettledServers(context, ending, own).length > 0) return undefined;
  try {
    // Another look: another controller may have made a machine since this run began.
    const machines = await stack.provider.observe(providerContext(context));
    const unsettled = unsettledServers(context, ending, machines);
    if (unsettled.length > 0) {
      if (isTold) tellLeftOpen(context, surplus, unsettled);
      return undefined;
    }
    const wish: SharedWish = { inlets: declaredInlets(stack), meanwhile: [], mode: "close" };
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
  { runs, failed }: Ending,
  machines: readonly Machine[],
): readonly string[] {
  const inlets = declaredInlets(stack);
  const isSettled = (machine: Machine): boolean => {
    const record = records.get(machine.server, machine.id);
    const server = stack.servers.find(({ name }) => name === machine.server);
    if (server !== undefined) return record?.settled === declaredWayText(stack, server);
    const port = record?.way?.port;
    return port !== undefined && inlets.some((inlet) => isFromAnywhereTo(inlet, port));
  };
  return [
    ...new Set([
      // Whatever was known of it before; and its machine may have been made, and nobody knows.
      ...runs
        .filter((run) => failed.has(run.server.name) && !run.isSettled)
        .map(({ server }) => server.name),
      ...machines.filter((machine) => !isSettled(machine)).map(({ server }) => server),
    ]),
  ];
}

function isFromAnywhereTo({ protocol, fromPort, toPort, from }: Inlet, port: number): boolean {
  return protocol === "tcp" && from === "anywhere" && fromPort <= port && port <= toPort;
}
