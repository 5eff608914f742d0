import type { BaselineMember } from "../baseline/context.ts";
import type { Machine } from "../providers/contract.ts";
import type { Server, Stack } from "../stack/stack.ts";

/**
 * Addresses of the stack's members, each settled once: known, or given up. Servers wait for addresses and
 * for nothing else of each other (hosts entries and the firewall name the other members).
 */
export class AddressBook {
  private readonly stack: Stack;
  private readonly machines = new Map<string, Machine | undefined>();
  private readonly waiting: (() => void)[] = [];

  constructor(stack: Stack) {
    this.stack = stack;
  }

  /** `undefined`: the server has no machine in this run; the others do not wait for it. */
  settle(server: string, machine: Machine | undefined): void {
    if (this.machines.has(server) && machine === undefined) return;
    this.machines.set(server, machine);
    if (this.missing().length === 0) for (const wake of this.waiting.splice(0)) wake();
  }

  /** Names that are not settled yet. */
  missing(): readonly string[] {
    return this.stack.servers
      .filter((server) => !this.machines.has(server.name))
      .map((server) => server.name);
  }

  machine(server: string): Machine | undefined {
    return this.machines.get(server);
  }

  /** Resolves when every server of the stack is settled; rejects at `signal`. */
  async settled(signal: AbortSignal): Promise<void> {
    if (this.missing().length === 0) return;
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason as Error);
      signal.addEventListener("abort", onAbort, { once: true });
      this.waiting.push(() => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      });
    });
  }

  /** Members whose addresses are known, in the order of the config. */
  members(): readonly BaselineMember[] {
    return this.stack.servers.flatMap((server) => {
      const machine = this.machines.get(server.name);
      return machine === undefined ? [] : [memberOf(server, machine)];
    });
  }
}

function memberOf(server: Server, machine: Machine): BaselineMember {
  return {
    name: server.name,
    roles: server.roles,
    publicAddresses: machine.publicAddresses,
    privateAddresses: machine.privateAddresses,
  };
}
