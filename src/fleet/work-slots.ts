/** One place among those that may work at once. */
export interface WorkSlot {
  /** Gives the place to others while `wait` lasts: who waits for another server must not keep it from working. */
  lend<T>(wait: () => Promise<T>): Promise<T>;
}

/** How many servers may be worked on at once; served in the order in which they ask. */
export class WorkSlots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** `count`: 1 or more. */
  constructor(count: number) {
    this.#free = count;
  }

  async within<T>(work: (slot: WorkSlot) => Promise<T>): Promise<T> {
    await this.#acquire();
    try {
      return await work({
        lend: async (wait) => {
          this.#release();
          try {
            return await wait();
          } finally {
            await this.#acquire();
          }
        },
      });
    } finally {
      this.#release();
    }
  }

  #acquire(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
