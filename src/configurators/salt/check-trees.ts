import { access, stat } from "node:fs/promises";
import { join, resolve } from "node:path";

import type { ConfiguratorProblem } from "../contract.ts";
import type { SaltSettings } from "./options.ts";

const STARTER_HINT = "`bootmachine init --configurator salt` makes one to begin with.";

/** Looks for the trees, so that what is missing is told before a server is touched. */
export async function checkTrees(
  settings: SaltSettings,
  directory: string,
): Promise<readonly ConfiguratorProblem[]> {
  const problems: ConfiguratorProblem[] = [];
  for (const option of ["states", "pillars"] as const) {
    const facts = await stat(resolve(directory, settings[option])).catch(() => undefined);
    if (facts?.isDirectory() === true) continue;
    problems.push({
      path: [option],
      message:
        facts === undefined
          ? `the folder ${settings[option]} is not there`
          : `${settings[option]} is no folder`,
      hint: STARTER_HINT,
    });
  }
  if (problems.some(({ path }) => path[0] === "states")) return problems;
  const top = join(resolve(directory, settings.states), "top.sls");
  const hasTop = await access(top).then(
    () => true,
    () => false,
  );
  if (!hasTop) {
    problems.push({
      path: ["states"],
      message: `${settings.states} has no top.sls, so a highstate would find nothing to do`,
      hint: STARTER_HINT,
    });
  }
  return problems;
}
