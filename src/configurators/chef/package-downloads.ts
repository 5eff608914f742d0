import type { ConfiguratorContext, Download } from "../contract.ts";
import type { ChefSettings } from "./options.ts";
import { canFetch, isInstalled } from "./package-scripts.ts";
import { packageOrigin, readServiceAnswer } from "./package-source.ts";
import { clientPackage, relayedPackage, serverPackage, type WantedPackage } from "./product.ts";

/** The packages, where the operator's computer has to bring them. */
export function packageDownloads(
  settings: ChefSettings,
  context: ConfiguratorContext,
): readonly Download[] {
  const { server } = settings;
  return [
    clientPackage(settings),
    ...(server !== undefined && context.member.isMaster ? [serverPackage(settings, server)] : []),
  ].flatMap((wanted) => download(settings, wanted, context));
}

function download(
  settings: ChefSettings,
  wanted: WantedPackage,
  context: ConfiguratorContext,
): readonly Download[] {
  const origin = packageOrigin(settings, wanted, context);
  if ("impossible" in origin) return [];
  const isFile = origin.from === "given" && "file" in origin.source;
  if (settings.relay === "never" && !isFile) return [];
  const installed = isInstalled(wanted, origin);
  return [
    {
      name: `${wanted.title}'s package`,
      remote: relayedPackage(wanted),
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
