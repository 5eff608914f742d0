import type { ConfiguratorContext } from "../../configurators/contract.ts";
import { isInForce } from "../../host/tree/sync-scripts.ts";
import { revisionOf } from "../../host/tree/sync-tree.ts";
import type { CommandResource } from "../../program/resource.ts";
import type { ServerRun } from "../server-run.ts";

/** Under this id a survey reports whether the trees on the server are those of the config. */
export const TREES_ID = "configurator: trees in force";

/**
 * Holds where each tree that lies on the server is the one of the config. The mark of a good run says nothing of that: a tree
 * that was only pushed, or brought by another operator, is the one that the agents' own runs go by.
 */
export async function treesResource(
  run: ServerRun,
  context: ConfiguratorContext,
): Promise<readonly CommandResource[]> {
  const { configurator } = run.context.stack;
  const own = configurator
    .trees(context)
    .filter(({ on }) => on === "member" || (on === "master" && context.member.isMaster));
  const checks = await Promise.all(
    own.map(async (tree) => {
      const local = await run.context.shared.readTree(tree);
      return `{ ${isInForce(tree.remote, revisionOf(tree, local))}; }`;
    }),
  );
  return checks.length === 0
    ? []
    : [{ type: "command", id: TREES_ID, check: checks.join(" &&\n") }];
}

/** Whether the survey has found another tree on the server than the config's. */
export function hasOtherTrees({ survey }: ServerRun): boolean {
  const report = survey?.reports.find(({ id }) => id === TREES_ID);
  return report !== undefined && report.status !== "ok";
}
