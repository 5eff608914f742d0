import type { Step } from "../contract.ts";
import type { ChefSettings } from "./options.ts";
import { hostPaths } from "./product.ts";
import { knife, UPLOADED } from "./server-paths.ts";

/** Once a tree: the first member that is configured has it uploaded, the others find it done. */
export function uploadSteps(settings: ChefSettings): readonly Step[] {
  if (settings.server === undefined) return [];
  const { tree } = hostPaths(settings);
  return [
    {
      on: "master",
      title: "the server takes the tree",
      resources: () => [
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
      ],
    },
  ];
}
