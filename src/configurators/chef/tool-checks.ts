import type { ConfiguratorCheck, ConfiguratorContext } from "../contract.ts";
import type { ChefSettings } from "./options.ts";
import { isInstalled } from "./package-scripts.ts";
import { packageOrigin } from "./package-source.ts";
import { hostPaths, productOf } from "./product.ts";

/** What must hold of the client on a server. */
export function toolChecks(
  settings: ChefSettings,
  context: ConfiguratorContext,
): readonly ConfiguratorCheck[] {
  const { title, client } = productOf(settings);
  const { lastRun } = hostPaths(settings);
  const installed: ConfiguratorCheck = {
    id: "client-installed",
    title: `${title} ${settings.version} is installed`,
    resource: {
      type: "command",
      id: "client-installed",
      check: `{ ${isInstalled(settings, packageOrigin(settings, context))}; } ||
{ echo "${client} is not there, or is of another version"; false; }`,
      showCheckOutput: true,
    },
  };
  if (settings.tree === undefined) return [installed];
  return [
    installed,
    {
      id: "last-run",
      title: "the client's last run ended well",
      resource: {
        type: "command",
        id: "last-run",
        // Runs that others started count as well: the handlers are in the client's own settings.
        check: `[ "$(head -n 1 ${lastRun} 2>/dev/null)" = ok ] ||
{ head -c 1000 ${lastRun} 2>/dev/null || echo "${client} has not run yet"; false; }`,
        showCheckOutput: true,
      },
    },
  ];
}
