import type { Resource } from "../../program/resource.ts";
import type { ChefSettings } from "./options.ts";
import { hostPaths } from "./product.ts";
import { knife, UPLOADED } from "./server-paths.ts";

/** How the server takes the tree in that was brought to the master. In local mode each server reads its own. */
export function uploadResources(settings: ChefSettings): readonly Resource[] {
  if (settings.server === undefined) return [];
  const { tree } = hostPaths(settings);
  return [
    {
      type: "command",
      id: "upload of the tree",
      // The tree is a link to its present revision.
      check: `[ -L ${tree} ] && [ "$(cat ${UPLOADED} 2>/dev/null)" = "$(readlink ${tree})" ]`,
      run: `rm -f ${UPLOADED}
bm_revision=$(readlink ${tree}) || exit 1
${knife(settings, "upload /")} && echo "$bm_revision" >${UPLOADED}`,
      timeoutSeconds: 1200,
    },
  ];
}
