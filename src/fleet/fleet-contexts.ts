import { createProbeBudget } from "../proof/port-scan.ts";
import { AddressBook } from "./address-book.ts";
import { MasterHost } from "./configurator/master-host.ts";
import { Enrolments } from "./configurator/enrolments.ts";
import { Milestones } from "./configurator/milestones.ts";
import { SharedWork } from "./configurator/shared-work.ts";
import { type EmitEvent, type EventBody, type FleetEvent, PHASES } from "./events.ts";
import type { FleetOptions } from "./fleet-contract.ts";
import { HostTurns } from "./host-turns.ts";
import { providerContext, type RunContext } from "./run-context.ts";
import { ServerRecords } from "./server-records.ts";
import { StackMachines } from "./stack-machines.ts";
import { type StatePaths, statePathsOf } from "./state-paths.ts";

/** Sockets that the port scans of one run may hold at once: well below the usual limit of open files that a process may raise itself to. */
const PROBES_AT_ONCE = 3000;

/** What a run differs in from the usual one. */
type ContextOverrides = Partial<
  Pick<
    RunContext,
    | "mode"
    | "phases"
    | "alwaysProve"
    | "paths"
    | "records"
    | "forceConfigure"
    | "readsOnly"
    | "patienceMs"
  >
>;

/** Makes the contexts of a fleet's runs, and looks at what the provider has. */
export class FleetContexts {
  readonly options: FleetOptions;
  readonly paths: StatePaths;
  readonly #hardSignal: AbortSignal;

  constructor(options: FleetOptions) {
    this.options = options;
    this.paths = statePathsOf(options.stack, options.stateDirectory);
    this.#hardSignal = options.hardSignal ?? new AbortController().signal;
  }

  /** For work that has no run of its own: events are told, and stand in no journal. */
  readonly emitOnly: EmitEvent = (event) => this.options.onEvent(stamp(event));

  async contextFor(
    emit: EmitEvent = this.emitOnly,
    overrides: ContextOverrides = {},
  ): Promise<RunContext> {
    const { stack, transport, signal, who } = this.options;
    return {
      stack,
      transport,
      emit,
      signal,
      hardSignal: this.#hardSignal,
      mode: "apply",
      phases: new Set(PHASES),
      alwaysProve: false,
      readsOnly: false,
      patienceMs: undefined,
      paths: this.paths,
      records: await ServerRecords.read(this.paths.records),
      addresses: new AddressBook(stack),
      probes: createProbeBudget(PROBES_AT_ONCE),
      who,
      turns: new HostTurns(),
      milestones: new Milestones(),
      enrolments: new Enrolments(),
      lost: new Set(),
      master: new MasterHost(),
      shared: new SharedWork(stack.directory),
      forceConfigure: false,
      ...overrides,
    };
  }

  async observe(
    context: Pick<RunContext, "stack" | "signal"> = this.options,
  ): Promise<StackMachines> {
    return new StackMachines(await this.options.stack.provider.observe(providerContext(context)));
  }

  /** For work on servers that are there: nobody waits for an address. */
  async settledContext(emit: EmitEvent = this.emitOnly): Promise<RunContext> {
    const context = await this.contextFor(emit);
    const machines = await this.observe(context);
    for (const { name } of context.stack.servers)
      context.addresses.settle(name, machines.get(name));
    return context;
  }
}

export function stamp(event: EventBody): FleetEvent {
  return { at: new Date().toISOString(), ...event };
}
