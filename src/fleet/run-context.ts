import type { ProbeBudget } from "../proof/port-scan.ts";
import type { ProviderCall, ProviderContext } from "../providers/contract.ts";
import type { Stack } from "../stack/stack.ts";
import type { Transport } from "../transport/contract.ts";
import type { AddressBook } from "./address-book.ts";
import type { Enrolments } from "./configurator/enrolments.ts";
import type { MasterHost } from "./configurator/master-host.ts";
import type { Milestones } from "./configurator/milestones.ts";
import type { SharedWork } from "./configurator/shared-work.ts";
import type { EmitEvent, Phase } from "./events.ts";
import type { HostTurns } from "./host-turns.ts";
import type { ServerRecords } from "./server-records.ts";
import type { StatePaths } from "./state-paths.ts";

/** What all servers of one run share. */
export interface RunContext {
  readonly stack: Stack;
  readonly transport: Transport;
  readonly emit: EmitEvent;
  /** Start nothing new. */
  readonly signal: AbortSignal;
  /** Stop at once. */
  readonly hardSignal: AbortSignal;
  readonly mode: "apply" | "plan";
  readonly phases: ReadonlySet<Phase>;
  /** Remember nothing beside the config and replace no key: a plan, and a proof, which take no lock. */
  readonly readsOnly: boolean;
  /** How long a server may take to let us in, in milliseconds, where that is less than its own limit. */
  readonly patienceMs: number | undefined;
  /** Prove every server from outside, also one on which nothing differed. */
  readonly alwaysProve: boolean;
  readonly paths: StatePaths;
  readonly records: ServerRecords;
  readonly addresses: AddressBook;
  /** Shared by the port scans of all servers, so that many of them do not run out of sockets. */
  readonly probes: ProbeBudget;
  /** One program at a time on each host. */
  readonly turns: HostTurns;
  /** Who has come how far with the configurator. */
  readonly milestones: Milestones;
  /** Who is being enrolled just now. */
  readonly enrolments: Enrolments;
  /** Whose machine is gone and could not be made again: the trust in them is still to be taken away at the master. */
  readonly lost: Set<string>;
  /** The master, for the members that need something done there. */
  readonly master: MasterHost;
  /** What is brought to the hosts, read once a run, and the tool's common run. */
  readonly shared: SharedWork;
  /** Run the tool also where nothing calls for it. */
  readonly forceConfigure: boolean;
  /** Who runs this, for the hosts' own locks: "ada@laptop". */
  readonly who: string;
}

/** The provider's view of a call on behalf of one server, or of the whole stack. */
export function providerContext(
  context: Pick<RunContext, "stack" | "signal"> & Partial<Pick<RunContext, "emit">>,
  progress: (text: string) => void = () => undefined,
  signal: AbortSignal = context.signal,
): ProviderContext {
  const { stack, emit } = context;
  return {
    stack: stack.name,
    signal,
    progress,
    ...(emit === undefined
      ? {}
      : { trace: (call: ProviderCall): void => emit({ type: "provider-call", ...call }) }),
  };
}
