import type { Tree } from "../../configurators/contract.ts";
import { syncTree } from "../../host/tree/sync-tree.ts";
import type { ServerRun } from "../server-run.ts";
import { contextOf } from "./member-context.ts";

/** A tree that was brought to a host. Paths are relative to it. */
export interface BroughtTree {
  readonly tree: string;
  readonly server: string;
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** Brings all trees that the server needs: the master's, once a run, and its own. */
export async function bringTrees(
  run: ServerRun,
  signal: AbortSignal,
): Promise<readonly BroughtTree[]> {
  const atMaster = hasTrees(run, "master") ? await bringMasterTrees(run, signal) : [];
  return [...atMaster, ...(await bringMemberTrees(run, signal))];
}

/** Are there trees for the master, or for each member? */
export function hasTrees(run: ServerRun, on: Tree["on"]): boolean {
  const { configurator } = run.context.stack;
  return configurator.trees(contextOf(run)).some((tree) => tree.on === on);
}

/** Brings the master's trees there, once a run, whoever asks first. */
export async function bringMasterTrees(
  run: ServerRun,
  signal: AbortSignal,
): Promise<readonly BroughtTree[]> {
  const { context } = run;
  const master = await context.master.connected(run, signal);
  const trees = context.stack.configurator
    .trees(contextOf(master))
    .filter(({ on }) => on === "master");
  return context.shared.publish(() => bring(master, trees, run, signal));
}

/** Brings the server's own trees to it. */
export function bringMemberTrees(
  run: ServerRun,
  signal: AbortSignal,
): Promise<readonly BroughtTree[]> {
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
): Promise<readonly BroughtTree[]> {
  const brought: BroughtTree[] = [];
  for (const tree of trees) {
    asker.step(`bringing the ${tree.name} to ${place.server.name}`);
    const local = await asker.context.shared.readTree(tree);
    const result = await syncTree(place.connectedHost(), tree, local, {
      signal,
      timeoutMs: place.server.ssh.phaseTimeoutMs,
      onStep: (text) => asker.step(text),
    });
    brought.push({ tree: tree.name, server: place.server.name, ...result });
  }
  return brought;
}
