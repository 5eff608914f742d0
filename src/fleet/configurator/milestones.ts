import type { BootmachineError } from "../../errors/error.ts";

/** What others wait for on a server's way; in order. */
const MILESTONES = ["enrolled", "ready", "proved"] as const;
/**
 * - `enrolled`: the phase enroll has ended: the master takes members in, a member may be configured.
 * - `ready`: nothing is left to do before the tool runs.
 * - `proved`: the phase verify has ended: nothing more is asked of the master on its behalf.
 */
export type Milestone = (typeof MILESTONES)[number];

type Reached = "reached" | { readonly failed: BootmachineError | undefined };

/** Who has come how far, each milestone settled once for each server: reached, or given up. */
export class Milestones {
  readonly #settled = new Map<string, Reached>();
  readonly #waiting = new Set<() => void>();

  /** The server has come so far; earlier milestones are reached with it. */
  reach(server: string, milestone: Milestone): void {
    for (const each of MILESTONES.slice(0, MILESTONES.indexOf(milestone) + 1)) {
      this.#settle(server, each, "reached");
    }
  }

  /** The server takes no further part in this run; what it has reached stays reached. */
  giveUp(server: string, error: BootmachineError | undefined): void {
    for (const each of MILESTONES) this.#settle(server, each, { failed: error });
  }

  /** What became of it; undefined while it is open. */
  state(server: string, milestone: Milestone): Reached | undefined {
    return this.#settled.get(key(server, milestone));
  }

  /** Resolves when every one of the servers has reached the milestone or was given up; rejects at `signal`. */
  async settled(
    servers: readonly string[],
    milestone: Milestone,
    signal: AbortSignal,
  ): Promise<void> {
    const isOpen = (): boolean =>
      servers.some((server) => this.state(server, milestone) === undefined);
    if (!isOpen()) return;
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (isOpen()) return;
        this.#waiting.delete(look);
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      const onAbort = (): void => {
        this.#waiting.delete(look);
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.add(look);
    });
  }

  #settle(server: string, milestone: Milestone, reached: Reached): void {
    const place = key(server, milestone);
    if (this.#settled.has(place)) return;
    this.#settled.set(place, reached);
    for (const look of this.#waiting) look();
  }
}

function key(server: string, milestone: Milestone): string {
  return `${milestone} ${server}`;
}
