import type { Tree } from "../../configurators/contract.ts";
import { syncTree } from "../../host/tree/sync-tree.ts";
import { bringInLine } from "../apply-resources.ts";
import type { ServerRun } from "../server-run.ts";
import { contextOf } from "./member-context.ts";

/** A tree that was brought to a host. Paths are relative to it. */
export interface BroughtTree {
  readonly tree: string;
  readonly server: string;
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** What a call has brought, or found brought by another server's call. */
export interface Brought {
  readonly trees: readonly BroughtTree[];
  /** How many resources this call has changed so that the trees are taken in. */
  readonly changes: number;
}

/** Brings all trees that the server needs: the master's, once a run, and its own. */
export async function bringTrees(run: ServerRun, signal: AbortSignal): Promise<Brought> {
  const atMaster = hasTrees(run, "master") ? await bringMasterTrees(run, signal) : NOTHING;
  const own = await bringMemberTrees(run, signal);
  return { trees: [...atMaster.trees, ...own.trees], changes: atMaster.changes + own.changes };
}

const NOTHING: Brought = { trees: [], changes: 0 };

/** Are there trees for the master, or for each member? */
export function hasTrees(run: ServerRun, on: Tree["on"]): boolean {
  const { configurator } = run.context.stack;
  return configurator.trees(contextOf(run)).some((tree) => tree.on === on);
}

/** Brings the master's trees there, once a run, whoever asks first. */
export async function bringMasterTrees(run: ServerRun, signal: AbortSignal): Promise<Brought> {
  const { context } = run;
  const master = await context.master.connected(run, signal);
  const trees = context.stack.configurator
    .trees(contextOf(master))
    .filter(({ on }) => on === "master");
  let changes = 0;
  const published = await context.shared.publish(async () => {
    const brought = await bring(master, trees, run, signal);
    ({ changes } = brought);
    return brought.trees;
  });
  return { trees: published, changes };
}

/** Brings the server's own trees to it. */
export function bringMemberTrees(run: ServerRun, signal: AbortSignal): Promise<Brought> {
  const trees = run.context.stack.configurator
    .trees(contextOf(run))
    .filter(({ on }) => on === "member");
  return bring(run, trees, run, signal);
}

async function bring(
  place: ServerRun,
  trees: readonly Tree[],
  asker: ServerRun,
  signal: AbortSignal,
): Promise<Brought> {
  const brought: BroughtTree[] = [];
  let changes = 0;
  for (const tree of trees) {
    asker.step(`bringing the ${tree.name} to ${place.server.name}`);
    const local = await asker.context.shared.readTree(tree);
    const result = await syncTree(place.connectedHost(), tree, local, {
      signal,
      timeoutMs: place.server.ssh.phaseTimeoutMs,
      onStep: (text) => asker.step(text),
    });
    brought.push({ tree: tree.name, server: place.server.name, ...result });
    const taken = await bringInLine(asker, tree.taken ?? [], {
      title: `taking in the ${tree.name}`,
      place,
    });
    changes += taken.changes;
  }
  if (changes > 0 && place !== asker) asker.context.master.wasTouched = true;
  return { trees: brought, changes };
}
