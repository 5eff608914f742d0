/** What goes wrong with calls whose `METHOD /path` matches. */
export interface Fault {
  readonly match: RegExp;
  /** How many calls have it; default 1. */
  readonly times?: number;
  readonly act:
    | {
        /** Refused with this status, and not carried out. */
        readonly kind: "status";
        readonly status: number;
        readonly headers?: Readonly<Record<string, string>>;
        readonly message?: string;
      }
    /** Carried out; the connection breaks before the answer. */
    | { readonly kind: "answer-lost" }
    /** Accepted with an answer, and never carried out. */
    | { readonly kind: "accepted-and-lost" }
    /** Never answered, and not carried out. */
    | { readonly kind: "hangs" };
}

/** Faults in the order in which they were ordered; the first one that fits a call has it. */
export class FaultList {
  #faults: { readonly fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 });
  }

  /** How many calls are still to have one. */
  get left(): number {
    return this.#faults.reduce((sum, { left }) => sum + left, 0);
  }

  clear(): void {
    this.#faults = [];
  }

  take(call: string): Fault["act"] | undefined {
    const found = this.#faults.find(({ fault, left }) => left > 0 && fault.match.test(call));
    if (found === undefined) return undefined;
    found.left -= 1;
    return found.fault.act;
  }
}
