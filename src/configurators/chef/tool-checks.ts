import type { ConfiguratorCheck, ConfiguratorContext } from "../contract.ts";
import type { ChefSettings } from "./options.ts";
import { isInstalled } from "./package-scripts.ts";
import { packageOrigin } from "./package-source.ts";
import { clientPackage, hostPaths, productOf } from "./product.ts";
import { CLIENT_LIST, knows } from "./server-paths.ts";

/** What must hold of the client on a server. */
export function toolChecks(
  settings: ChefSettings,
  context: ConfiguratorContext,
): readonly ConfiguratorCheck[] {
  const { title, client } = productOf(settings);
  const wanted = clientPackage(settings);
  const { lastRun } = hostPaths(settings);
  const installed: ConfiguratorCheck = {
    id: "client-installed",
    title: `${title} ${settings.version} is installed`,
    resource: {
      type: "command",
      id: "client-installed",
      check: `{ ${isInstalled(wanted, packageOrigin(settings, wanted, context))}; } ||
{ echo "${client} is not there, or is of another version"; false; }`,
      showCheckOutput: true,
    },
  };
  if (settings.tree === undefined) return [installed];
  return [
    installed,
    ...(settings.server === undefined ? [] : serverChecks(settings, context)),
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

/** Of a client with a server, and of the server. */
function serverChecks(
  settings: ChefSettings,
  { member, members }: ConfiguratorContext,
): readonly ConfiguratorCheck[] {
  const { clientKey } = hostPaths(settings);
  const { title, control } = productOf(settings).server;
  return [
    commandCheck(
      "client-key",
      "the client's key is root's alone",
      `[ -s ${clientKey} ] || { echo "there is no key ${clientKey}"; exit 1; }
[ -z "$(find ${clientKey} \\( -perm /077 -o ! -user root \\))" ] || { echo "others than root can read ${clientKey}"; exit 1; }`,
    ),
    ...(member.isMaster
      ? [
          commandCheck("server-runs", `all services of ${title} run`, `${control} status`),
          commandCheck(
            "clients",
            "the server knows the members' clients and no others",
            `${knows(settings)}
bm_clients 2>&1 || exit 1
bm_strange=$(grep -vxF ${members.map(({ server }) => `-e ${server}`).join(" ")} ${CLIENT_LIST} | tr '\\n' ' ')
[ -z "$bm_strange" ] || { echo "the server knows clients that are no members: \${bm_strange}(bootmachine configurator revoke NAME)"; exit 1; }`,
          ),
        ]
      : []),
  ];
}

function commandCheck(id: string, title: string, check: string): ConfiguratorCheck {
  return { id, title, resource: { type: "command", id, check, showCheckOutput: true } };
}
