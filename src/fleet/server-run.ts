import type { BaselineContext } from "../baseline/context.ts";
import type { Distro } from "../distros/contract.ts";
import { type BootmachineError, InternalError } from "../errors/error.ts";
import type { Host } from "../host/host.ts";
import type { CheckResult } from "../proof/check.ts";
import type { Machine } from "../providers/contract.ts";
import type { Server } from "../stack/stack.ts";
import type { EventBody, PhaseOutcome, Work } from "./events.ts";
import type { RunContext } from "./run-context.ts";
import type { Survey } from "./survey.ts";
import type { WorkSlot } from "./work-slots.ts";

/** What a phase did to a server. */
export interface PhaseResult {
  readonly outcome: Extract<PhaseOutcome, "changed" | "unchanged" | "skipped">;
  /** Resources changed, or that differ in a plan. */
  readonly changes: number;
}

export const SKIPPED: PhaseResult = { outcome: "skipped", changes: 0 };

export function resultOf(changes: number): PhaseResult {
  return { outcome: changes === 0 ? "unchanged" : "changed", changes };
}

/** One server on its way through the phases of one run: what is known of it so far. */
export class ServerRun {
  readonly server: Server;
  readonly context: RunContext;
  machine: Machine | undefined;
  /** Further machines of this server, of a create whose answer was lost. */
  duplicates: readonly Machine[] = [];
  /** The machine was made in this run: nothing on it is as wanted, and only the first way in can be there. */
  isFresh = false;
  host: Host | undefined;
  distro: Distro | undefined;
  survey: Survey | undefined;
  /** The machine has passed the whole proof, and no run has touched it since. */
  wasProved = false;
  /** The machine's proven host keys are pinned. */
  isPinned = false;
  /** Why nobody got in, where the proof was asked for all the same: it is then what can be seen from outside. */
  shutOut: BootmachineError | undefined;
  /** The phase secure has ended well: the host is on its declared way, and stays there. */
  isSettled = false;
  checks: readonly CheckResult[] = [];
  changes = 0;
  /** Some phase had something to look at. */
  wasLookedAt = false;
  /** The phase now running, or other work. */
  phase: Work = "boot";
  /** The phase enroll has changed something: who is new to the other side is configured anew. */
  isNewlyEnrolled = false;
  /** The configuration-management tool ran: what was seen of it before is out of date, also where it changed nothing. */
  hasRunTool = false;
  /** The place among the servers that may work at once; undefined before there is one. */
  slot: WorkSlot | undefined;
  #waitedMs = 0;
  /** How many waits are open, one in the other; and since when there is one. */
  #waits = 0;
  #waitingSince: number | undefined;

  constructor(server: Server, context: RunContext, machine: Machine | undefined) {
    this.server = server;
    this.context = context;
    this.machine = machine;
  }

  /** Says what the server is doing now. */
  step(text: string): void {
    this.emit({ type: "step", server: this.server.name, phase: this.phase, text });
  }

  emit(event: EventBody): void {
    this.context.emit(event);
  }

  /** Says by which way the host is reached from now on. */
  tellWayIn(): void {
    const { user, address, port } = this.connectedHost().target;
    this.emit({ type: "reached", server: this.server.name, user, address, port });
  }

  note(level: "info" | "warning", text: string): void {
    this.emit({ type: "note", level, server: this.server.name, text });
  }

  /** Waits for another server without keeping a third one from working; the time does not count for its own limit. */
  lendSlot<T>(wait: () => Promise<T>): Promise<T> {
    return this.waitFor(() => (this.slot === undefined ? wait() : this.slot.lend(wait)));
  }

  /** Waits for another server; the time does not count for its own limit. One wait may be part of another. */
  async waitFor<T>(wait: () => Promise<T>): Promise<T> {
    this.#waits += 1;
    this.#waitingSince ??= performance.now();
    try {
      return await wait();
    } finally {
      this.#waits -= 1;
      if (this.#waits === 0) {
        this.#waitedMs = this.waitedMs();
        this.#waitingSince = undefined;
      }
    }
  }

  /** How long it has waited for other servers so far, in milliseconds. */
  waitedMs(): number {
    const now = performance.now();
    return this.#waitedMs + (now - (this.#waitingSince ?? now));
  }

  /** The connected host; the phase `trust` comes before every phase that asks for it. */
  connectedHost(): Host {
    if (this.host === undefined)
      throw new InternalError(`${this.server.name} is not connected in ${this.phase}`);
    return this.host;
  }

  baselineContext(): BaselineContext {
    const host = this.connectedHost();
    if (this.distro === undefined || this.machine === undefined) {
      throw new InternalError(`${this.server.name} has no distro or machine in ${this.phase}`);
    }
    return {
      stack: this.context.stack,
      server: this.server,
      facts: host.facts,
      distro: this.distro,
      members: this.context.addresses.members(),
      arrivalPort: this.machine.login.port,
      arrivalUser: this.machine.login.user,
    };
  }

  async close(): Promise<void> {
    await this.host?.close();
    this.host = undefined;
  }
}
