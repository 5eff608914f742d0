import { parsePluginOptions } from "../../stack/plugin-options.ts";
import type { Configurator, ConfiguratorContext, ToolRun } from "../contract.ts";
import { checkTree } from "./check-tree.ts";
import { installResources } from "./install-resources.ts";
import { type ChefOptions, chefOptionsSchema, type ChefSettings } from "./options.ts";
import { packageDownloads } from "./package-downloads.ts";
import { hostPaths, productOf } from "./product.ts";
import { readReport } from "./read-report.ts";
import { clientList, enrollSteps, revokeResources } from "./server-enroll.ts";
import { serverFiles } from "./server-files.ts";
import { uploadSteps } from "./server-upload.ts";
import { toolChecks } from "./tool-checks.ts";

/** How long the client waits for another run of itself, seconds. */
const LOCK_WAIT_SECONDS = 60;

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
            },
            {
              name: "server's data",
              files: serverFiles(settings, context),
              remote: paths.data,
              on: "member",
            },
          ],
    configure: () => uploadSteps(settings),
    run: ([context]) =>
      context === undefined || tree === undefined ? undefined : toolRun(settings, context),
    verify: (context) => toolChecks(settings, context),
    ...(server === undefined
      ? {}
      : {
          agents: clientList(settings),
          revoke: (name) => revokeResources(settings, name),
          restart: ({ isMaster }) =>
            isMaster ? `${productOf(settings).server.control} restart` : "true",
        }),
  };
}

function toolRun(settings: ChefSettings, { member }: ConfiguratorContext): ToolRun {
  const { client, title } = productOf(settings);
  const { lock, settingsFile } = hostPaths(settings);
  return {
    on: "member",
    title: settings.server === undefined ? `${title}, local mode` : title,
    script: `# Ruby takes the encoding of files from here.
LC_ALL=C.UTF-8
export LC_ALL
locked() {
  [ -e ${lock} ] && ! flock --nonblock ${lock} true
}
# The client reports nothing when it gives up on its lock.
say_locked() {
  printf '{"version":1,"locked":true}' >"$BM_RESULT"
}
if ! timeout ${LOCK_WAIT_SECONDS} sh -c 'until flock --nonblock "$1" true; do sleep 1; done' sh ${lock}; then
  say_locked
  exit 75
fi
${client} --config ${settingsFile} --no-color --run-lock-timeout 0
status=$?
if [ ! -s "$BM_RESULT" ] && locked; then say_locked; fi
exit "$status"`,
    parse: (output) => [readReport(member.server, client, output)],
  };
}
