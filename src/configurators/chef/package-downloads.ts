import type { ConfiguratorContext, Download } from "../contract.ts";
import type { ChefSettings } from "./options.ts";
import { canFetch, isInstalled, RELAYED_PACKAGE } from "./package-scripts.ts";
import { packageOrigin, readServiceAnswer } from "./package-source.ts";
import { productOf } from "./product.ts";

/** The package, where the operator's computer has to bring it. */
export function packageDownloads(
  settings: ChefSettings,
  context: ConfiguratorContext,
): readonly Download[] {
  const origin = packageOrigin(settings, context);
  if ("impossible" in origin) return [];
  const isFile = origin.from === "given" && "file" in origin.source;
  if (settings.relay === "never" && !isFile) return [];
  const installed = isInstalled(settings, origin);
  return [
    {
      name: `${productOf(settings).title}'s package`,
      remote: RELAYED_PACKAGE,
      source:
        origin.from === "given"
          ? origin.source
          : { index: origin.question, read: readServiceAnswer },
      unless:
        settings.relay === "always" || isFile
          ? installed
          : `{ ${installed}; } || {
${canFetch(origin)}
}`,
    },
  ];
}
