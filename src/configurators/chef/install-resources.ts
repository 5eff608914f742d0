import type { Resource } from "../../program/resource.ts";
import type { ConfiguratorContext } from "../contract.ts";
import { renderClientSettings } from "./client-settings.ts";
import { HANDLERS } from "./handlers.ts";
import type { ChefSettings } from "./options.ts";
import { installScript, isInstalled } from "./package-scripts.ts";
import { packageOrigin } from "./package-source.ts";
import {
  clientPackage,
  hostPaths,
  productOf,
  relayedPackage,
  serverPackage,
  type WantedPackage,
} from "./product.ts";
import { serverResources } from "./server-install.ts";

/** The client from its package, and its settings. No daemon comes with it. The master of a stack with a server has that too. */
export function installResources(
  settings: ChefSettings,
  context: ConfiguratorContext,
): readonly Resource[] {
  const { server } = settings;
  const product = productOf(settings);
  const paths = hostPaths(settings);
  return [
    ...packageResources(settings, clientPackage(settings), context),
    { type: "directory", path: product.settings },
    { type: "directory", path: product.state, mode: "0700" },
    { type: "file", path: paths.handlers, content: HANDLERS },
    {
      type: "file",
      path: paths.settingsFile,
      content: renderClientSettings(settings, context),
    },
    ...(server === undefined
      ? []
      : [
          // It makes the client's key.
          { type: "package", id: "openssl", names: ["openssl"] } as const,
          ...(context.member.isMaster
            ? [
                ...packageResources(settings, serverPackage(settings, server), context),
                ...serverResources(settings, server, context),
              ]
            : []),
        ]),
  ];
}

function packageResources(
  settings: ChefSettings,
  wanted: WantedPackage,
  context: ConfiguratorContext,
): readonly Resource[] {
  const origin = packageOrigin(settings, wanted, context);
  const installed = isInstalled(wanted, origin);
  return [
    {
      type: "package",
      id: `what the download of ${wanted.title} needs`,
      names: ["ca-certificates", "curl"],
      // A host without a way out has no archive to install these from, and no use for them.
      onlyIf: `! { ${installed}; } && [ ! -s ${relayedPackage(wanted)} ]`,
      skipReason: "nothing is to be downloaded here",
    },
    {
      type: "command",
      id: `${wanted.title} ${wanted.version}`,
      check: installed,
      run: installScript(wanted, origin),
      timeoutSeconds: 1200,
    },
  ];
}
