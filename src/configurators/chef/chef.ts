import { parsePluginOptions } from "../../stack/plugin-options.ts";
import type { Configurator } from "../contract.ts";
import { checkTree } from "./check-tree.ts";
import { installResources } from "./install-resources.ts";
import { type ChefOptions, chefOptionsSchema } from "./options.ts";
import { packageDownloads } from "./package-downloads.ts";
import { hostPaths, productOf } from "./product.ts";
import { clientList, enrollSteps, revokeResources } from "./server-enroll.ts";
import { serverFiles } from "./server-files.ts";
import { uploadResources } from "./server-upload.ts";
import { toolChecks } from "./tool-checks.ts";
import { toolRun } from "./tool-run.ts";

/**
 * Chef's client, by default in its free build Cinc. In local mode each server converges by itself, from a tree of cookbooks that is
 * brought to it: no server, no keys, no ports, no daemon. With `server` the master is a Chef server that serves the tree to
 * all.
 *
 * @throws UserError CONFIG_INVALID for options that break the schema.
 */
export function chef(options: ChefOptions = {}): Configurator {
  const settings = parsePluginOptions("configurator", "chef", chefOptionsSchema, options);
  const paths = hostPaths(settings);
  const { tree, server } = settings;
  return {
    kind: "configurator",
    apiVersion: 1,
    name: "chef",
    topology: server === undefined ? "solo" : "agent",
    masterPorts:
      server === undefined
        ? []
        : [{ port: 443, protocol: "tcp", comment: "chef: clients ask their server" }],
    // The starter kit took 80 MB in Chef 18.11; large cookbooks take some times that, and the rest is the system's. Of a server
    // Chef's own documentation says 4 GB; a machine of that size says that it has a little less.
    minimumMemoryMb: { master: server === undefined ? 512 : 3500, agent: 512 },
    namedRoles: Object.keys(settings.roleRunLists).map((role) => ({
      role,
      path: ["roleRunLists", role],
    })),
    starterKit: new URL("starter-kit/", import.meta.url),
    check: (directory) => checkTree(settings, directory),
    downloads: (context) => packageDownloads(settings, context),
    install: (context) => installResources(settings, context),
    enroll: (context) => enrollSteps(settings, context),
    trees: (context) =>
      tree === undefined
        ? []
        : [
            {
              name: "cookbooks",
              local: tree,
              remote: paths.tree,
              on: server === undefined ? "member" : "master",
              modes: Object.fromEntries(settings.secrets.map((pattern) => [pattern, "0600"])),
              taken: uploadResources(settings),
            },
            {
              name: "server's data",
              files: serverFiles(settings, context),
              remote: paths.data,
              on: "member",
            },
          ],
    configure: () => [],
    run: ([context]) =>
      context === undefined || tree === undefined ? undefined : toolRun(settings, context),
    verify: (context) => toolChecks(settings, context),
    ...(server === undefined
      ? {}
      : {
          agents: clientList(settings),
          revoke: (name) => revokeResources(settings, name),
          restart: ({ isMaster }) =>
            isMaster ? `${productOf(settings).server.control} restart` : undefined,
        }),
  };
}
