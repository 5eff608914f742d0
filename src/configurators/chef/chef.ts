import { parsePluginOptions } from "../../stack/plugin-options.ts";
import type { Configurator, ConfiguratorContext, ToolRun } from "../contract.ts";
import { checkTree } from "./check-tree.ts";
import { installResources } from "./install-resources.ts";
import { type ChefOptions, chefOptionsSchema, type ChefSettings } from "./options.ts";
import { packageDownloads } from "./package-downloads.ts";
import { hostPaths, productOf } from "./product.ts";
import { readReport } from "./read-report.ts";
import { serverFiles } from "./server-files.ts";
import { toolChecks } from "./tool-checks.ts";

/** How long the client waits for another run of itself, seconds. */
const LOCK_WAIT_SECONDS = 60;

/**
 * Chef's client in local mode, by default in its free build Cinc: each server converges by itself, from a tree of cookbooks
 * that is brought to it. No server, no keys, no ports, no daemon.
 *
 * @throws UserError CONFIG_INVALID for options that break the schema.
 */
export function chef(options: ChefOptions = {}): Configurator {
  const settings = parsePluginOptions("configurator", "chef", chefOptionsSchema, options);
  const paths = hostPaths(settings);
  const { tree } = settings;
  return {
    kind: "configurator",
    apiVersion: 1,
    name: "chef",
    topology: "solo",
    masterPorts: [],
    // The starter kit took 80 MB in Chef 18.11; large cookbooks take some times that, and the rest is the system's.
    minimumMemoryMb: { master: 512, agent: 512 },
    namedRoles: Object.keys(settings.roleRunLists).map((role) => ({
      role,
      path: ["roleRunLists", role],
    })),
    starterKit: new URL("starter-kit/", import.meta.url),
    check: (directory) => checkTree(settings, directory),
    downloads: (context) => packageDownloads(settings, context),
    install: (context) => installResources(settings, context),
    enroll: () => [],
    trees: (context) =>
      tree === undefined
        ? []
        : [
            {
              name: "cookbooks",
              local: tree,
              remote: paths.tree,
              on: "member",
              modes: Object.fromEntries(settings.secrets.map((pattern) => [pattern, "0600"])),
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
  };
}

function toolRun(settings: ChefSettings, { member }: ConfiguratorContext): ToolRun {
  const { client, title } = productOf(settings);
  const { lock, settingsFile } = hostPaths(settings);
  return {
    on: "member",
    title: `${title}, local mode`,
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
