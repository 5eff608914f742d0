import type { Machine } from "../providers/contract.ts";

/** The stack's machines, as the provider showed them at one look. */
export class StackMachines {
  readonly all: readonly Machine[];
  readonly #byServer = new Map<string, readonly Machine[]>();

  constructor(machines: readonly Machine[]) {
    this.all = machines;
    for (const machine of machines) {
      const before = this.#byServer.get(machine.server) ?? [];
      this.#byServer.set(machine.server, [...before, machine]);
    }
  }

  /** The machine that stands for the server: of several the first, which the provider keeps. */
  get(server: string): Machine | undefined {
    return this.#byServer.get(server)?.[0];
  }

  /** Further machines of the same server, of a create whose answer was lost: `boot` has them removed. */
  duplicatesOf(server: string): readonly Machine[] {
    return this.#byServer.get(server)?.slice(1) ?? [];
  }
}
