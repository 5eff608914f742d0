import { RefusedError, RemoteError } from "../../errors/error.ts";
import type { RunContext } from "../run-context.ts";
import type { ServerRun } from "../server-run.ts";
import { openToMembers } from "./open-to-members.ts";
import { visitServer } from "./visit-server.ts";

/**
 * The master's host, for all members of a run: the one of its own run where it takes part, else a connection made when it
 * is first asked for.
 */
export class MasterHost {
  #own: ServerRun | undefined;
  #visit: Promise<ServerRun> | undefined;
  #opened: Promise<boolean> | undefined;
  /** Something on the master was changed on behalf of another member: what was seen of it before is out of date. */
  wasTouched = false;

  /** The master takes part in the run itself. */
  adopt(run: ServerRun): void {
    this.#own = run;
  }

  /**
   * The connected master. A member waits until the master has enrolled itself: before that there is nobody to enroll with.
   *
   * A master that takes no part itself is opened to the members first, by a run that secures.
   *
   * @throws RemoteError MASTER_FAILED where it failed in this run; UserError MACHINE_MISSING where it takes no part and has
   *   no machine
   */
  async connected(asker: ServerRun, signal: AbortSignal): Promise<ServerRun> {
    const { context } = asker;
    const name = context.stack.master;
    if (name === undefined || asker.server.name === name) return asker;
    if (this.#own !== undefined) {
      if (context.milestones.state(name, "enrolled") === undefined) {
        asker.step(`waiting for the master, ${name}`);
        await asker.lendSlot(() => context.milestones.settled([name], "enrolled", signal));
      }
      if (context.milestones.state(name, "enrolled") !== "reached") throw masterFailed(name);
      return this.#own;
    }
    const master = await this.visit(context);
    if (context.phases.has("secure")) await this.openToMembers(context);
    return master;
  }

  /** @returns whether a master that takes no part in the run knows the members now; as `openToMembers`, once a run. */
  async openToMembers(context: RunContext): Promise<boolean> {
    this.#opened ??= this.visit(context).then(openToMembers);
    return this.#opened;
  }

  /** The master's host where the master takes no part in the run, connected once. */
  async visit(context: RunContext): Promise<ServerRun> {
    this.#visit ??= connectMaster(context);
    return this.#visit;
  }

  /** Whether the members were made known to a master that takes no part in the run itself. */
  async knowsMembers(): Promise<boolean> {
    return (await this.#opened?.catch(() => false)) ?? false;
  }

  /** Ends the connection that was made for the members' sake. Never throws. */
  async close(): Promise<void> {
    const run = await this.#visit?.catch(() => undefined);
    await run?.close().catch(() => undefined);
  }
}

function masterFailed(name: string): RemoteError {
  return new RemoteError("MASTER_FAILED", `The master, ${name}, did not come up.`, {
    hint: `Mend ${name} first, then run the command again; it goes on where it stopped.`,
  });
}

async function connectMaster(context: RunContext): Promise<ServerRun> {
  const server = context.stack.servers.find(({ name }) => name === context.stack.master);
  if (server === undefined) {
    throw new RefusedError("CAPABILITY_MISSING", "The stack has no master.", {
      hint: "Set `master` in the config to the name of one of the servers.",
    });
  }
  return visitServer(context, server);
}
