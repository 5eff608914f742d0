import type { Resource } from "../../program/resource.ts";
import type { ConfiguratorContext } from "../contract.ts";
import { renderClientSettings } from "./client-settings.ts";
import { HANDLERS } from "./handlers.ts";
import type { ChefSettings } from "./options.ts";
import { installScript, isInstalled, RELAYED_PACKAGE } from "./package-scripts.ts";
import { packageOrigin } from "./package-source.ts";
import { hostPaths, productOf } from "./product.ts";

/** The client from its package, and its settings. No daemon comes with it. */
export function installResources(
  settings: ChefSettings,
  context: ConfiguratorContext,
): readonly Resource[] {
  const product = productOf(settings);
  const paths = hostPaths(settings);
  const origin = packageOrigin(settings, context);
  const installed = isInstalled(settings, origin);
  return [
    {
      type: "package",
      id: "what the download needs",
      names: ["ca-certificates", "curl"],
      // A host without a way out has no archive to install these from, and no use for them.
      onlyIf: `! { ${installed}; } && [ ! -s ${RELAYED_PACKAGE} ]`,
      skipReason: "nothing is to be downloaded here",
    },
    {
      type: "command",
      id: `${product.title} ${settings.version}`,
      check: installed,
      run: installScript(origin),
      timeoutSeconds: 1200,
    },
    { type: "directory", path: product.settings },
    { type: "directory", path: product.state, mode: "0700" },
    { type: "file", path: paths.handlers, content: HANDLERS },
    {
      type: "file",
      path: paths.settingsFile,
      content: renderClientSettings(settings, context),
    },
  ];
}
