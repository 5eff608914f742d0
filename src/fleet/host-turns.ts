/**
 * One program at a time on each host: a host refuses a second one, and the master's is wanted by many members at once.
 * Served in the order in which they ask.
 */
export class HostTurns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `work` when all earlier work on the same host has ended, well or badly. */
  take<T>(server: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(server) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#last.set(
      server,
      mine.catch(() => undefined),
    );
    return mine;
  }
}
