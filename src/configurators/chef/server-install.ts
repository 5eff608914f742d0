import type { Resource } from "../../program/resource.ts";
import type { ConfiguratorContext } from "../contract.ts";
import type { ChefSettings } from "./options.ts";
import { productOf } from "./product.ts";
import {
  CLIENT_LIST,
  CLIENTS,
  knife,
  KNIFE_CERTIFICATES,
  KNIFE_SETTINGS,
  ORGANIZATION,
  renderKnifeSettings,
  SERVER_STATE,
  serverCertificate,
  type ServerSettings,
} from "./server-paths.ts";

/** A dozen services and a database are set up; on a small machine that was reported to take a quarter of an hour. */
const RECONFIGURE_SECONDS = 2400;

/**
 * The server on the master: set up under the master's own name, with one organization. The organization's validator, whose key
 * lets anybody register, is deleted as soon as it is made: every client is registered by bootmachine.
 */
export function serverResources(
  settings: ChefSettings,
  server: ServerSettings,
  { member, members }: ConfiguratorContext,
): readonly Resource[] {
  const { server: product } = productOf(settings);
  const { organization } = server;
  const certificate = serverCertificate(settings, member.server);
  const done = `${SERVER_STATE}/reconfigured`;
  const license = settings.product === "chef" ? " --chef-license=accept" : "";
  return [
    { type: "directory", path: SERVER_STATE, mode: "0700" },
    { type: "directory", path: CLIENTS, mode: "0700" },
    { type: "directory", path: KNIFE_CERTIFICATES, mode: "0700" },
    { type: "directory", path: product.settings },
    {
      type: "block",
      path: product.settingsFile,
      name: "bootmachine",
      content: `# Clients call the server by this name, and its certificate is made for it.
api_fqdn '${member.server}'
${members.some(({ address }) => address.includes(":")) ? "nginx['enable_ipv6'] = true\n" : ""}`,
    },
    {
      type: "command",
      id: `${product.title} is set up`,
      check: `[ -s ${certificate} ] && cmp -s ${product.settingsFile} ${done}`,
      run: `cp ${product.settingsFile} ${done}.new &&
${product.control} reconfigure${license} &&
mv ${done}.new ${done}`,
      timeoutSeconds: RECONFIGURE_SECONDS,
    },
    {
      type: "command",
      id: "the server's certificate for knife",
      check: `cmp -s ${certificate} ${KNIFE_CERTIFICATES}/server.crt`,
      run: `cp ${certificate} ${KNIFE_CERTIFICATES}/server.crt`,
    },
    {
      type: "file",
      path: KNIFE_SETTINGS,
      content: renderKnifeSettings(settings, server, member.server),
      mode: "0600",
    },
    {
      type: "command",
      id: `organization ${organization}`,
      check: `[ "$(cat ${ORGANIZATION} 2>/dev/null)" = ${organization} ]`,
      run: `umask 077
${product.control} org-show ${organization} >/dev/null 2>&1 ||
  ${product.control} org-create ${organization} ${organization} --filename ${SERVER_STATE}/validator.pem || exit 1
rm -f ${SERVER_STATE}/validator.pem ${CLIENT_LIST}
if ${knife(settings, "client list")} | grep -qx ${organization}-validator; then
  ${knife(settings, `client delete ${organization}-validator --delete-validators --yes`)} || exit 1
fi
echo ${organization} >${ORGANIZATION}`,
    },
  ];
}
