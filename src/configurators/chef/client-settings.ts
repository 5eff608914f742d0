import type { ConfiguratorContext } from "../contract.ts";
import type { ChefSettings } from "./options.ts";
import { hostPaths, productOf } from "./product.ts";
import { serverUrl } from "./server-paths.ts";

/**
 * The client's settings file: Ruby. With it, a plain `cinc-client` on the host does what bootmachine's run does.
 *
 * Names and meaning of the settings: chef-config's `config.rb` (2026-08).
 */
export function renderClientSettings(
  settings: ChefSettings,
  { member, master, stack }: ConfiguratorContext,
): string {
  const product = productOf(settings);
  const paths = hostPaths(settings);
  const { server } = settings;
  const lines = [
    `# ${product.title} on ${member.server} of ${stack}. Written by bootmachine; your own settings go into ${product.settings}/client.d/NAME.rb.`,
    "",
    ...(server === undefined
      ? [
          "# No server: the client serves the tree to itself, in its own process, without a socket.",
          "local_mode true",
          `node_name ${ruby(member.server)}`,
          `chef_repo_path ${ruby(paths.tree)}`,
        ]
      : [
          "# The server is the stack's master. Its certificate was brought here over ssh; nothing else is believed.",
          `chef_server_url ${ruby(serverUrl(server, master?.server))}`,
          `node_name ${ruby(member.server)}`,
          `client_key ${ruby(paths.clientKey)}`,
          `trusted_certs_dir ${ruby(paths.certificates)}`,
          "ssl_verify_mode :verify_peer",
        ]),
    "",
    "# The tree is exchanged as a whole: what the client writes lies elsewhere.",
    `cache_path ${ruby(product.state)}`,
    `file_cache_path ${ruby(`${product.state}/cache`)}`,
    `file_backup_path ${ruby(`${product.state}/backup`)}`,
    ...(server === undefined
      ? [
          `node_path ${ruby(`${product.state}/nodes`)}`,
          `client_path ${ruby(`${product.state}/clients`)}`,
        ]
      : []),
    `lockfile ${ruby(paths.lock)}`,
    "",
    ...(settings.policy === undefined
      ? [`json_attribs ${ruby(paths.runList)}`]
      : [
          "use_policyfile true",
          "policy_document_native_api true",
          `policy_name ${ruby(settings.policy.name)}`,
          `policy_group ${ruby(settings.policy.group)}`,
        ]),
    ...(settings.product === "chef" ? ['chef_license "accept-silent"'] : []),
    "",
    `# Brings node["bootmachine"], and notes how each run ends.`,
    `require ${ruby(paths.handlers)}`,
    `start_handlers << Bootmachine::Attributes.new(${ruby(paths.attributes)})`,
    `[report_handlers, exception_handlers].each do |handlers|`,
    `  handlers << Bootmachine::Report.new(${ruby(paths.lastRun)})`,
    "end",
  ];
  return `${lines.join("\n")}\n`;
}

/** A literal of Ruby in which nothing is replaced. */
function ruby(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}
