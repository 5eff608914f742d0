import { parsePluginOptions } from "../../stack/plugin-options.ts";
import { readSigningKey, requireKeyText } from "../../stack/signing-key.ts";
import type { Configurator, ConfiguratorContext, Tree } from "../contract.ts";
import { agentsScript, parseAgents, revokeKeyResources, revokeResources } from "./authority.ts";
import { checkTree } from "./check-tree.ts";
import { enrollSteps } from "./enroll-steps.ts";
import { installResources } from "./install-resources.ts";
import { AGENT_SERVICE, type Layout, layoutOf, SERVER_PORT, SERVER_SERVICE } from "./layout.ts";
import { type PuppetOptions, puppetOptionsSchema, type PuppetSettings } from "./options.ts";
import { startServer } from "./server-start.ts";
import { masterMemoryMb } from "./settings-files.ts";
import { toolChecks } from "./tool-checks.ts";
import { toolRun } from "./tool-run.ts";

/** What an agent's run takes beside the system, MB. */
const AGENT_MEMORY_MB = 450;

/**
 * Puppet with a server of its own: OpenVox by default, or the distro's packages. The master compiles a catalogue for each
 * server from your environment; the agent applies it.
 *
 * @throws UserError CONFIG_INVALID for options that break the schema.
 */
export function puppet(options: PuppetOptions = {}): Configurator {
  const settings = parsePluginOptions("configurator", "puppet", puppetOptionsSchema, options);
  const layout = layoutOf(settings);
  // A key that is given as a file is read by `check`, which knows the config's folder and comes before all else.
  let key = settings.repository?.key;
  return {
    kind: "configurator",
    apiVersion: 1,
    name: "puppet",
    topology: "agent",
    masterPorts: [{ port: SERVER_PORT, protocol: "tcp", comment: "Puppet Server" }],
    minimumMemoryMb: { master: masterMemoryMb(settings), agent: AGENT_MEMORY_MB },
    starterKit: new URL("starter-kit/", import.meta.url),
    async check(directory) {
      const problems = await checkTree(settings, directory);
      const given = settings.repository?.key;
      if (given === undefined) return problems;
      const read = await readSigningKey(
        given,
        directory,
        "Give an armoured OpenPGP public key (`gpg --armor --export`), or a file that holds one; paths count from the config's folder.",
      );
      if ("problem" in read) return [...problems, read.problem];
      key = read.text;
      return problems;
    },
    install(context) {
      if (key !== undefined) requireKeyText(key);
      return installResources(settings, key, context);
    },
    enroll: (context) => enrollSteps(settings, context),
    trees: () => [environmentTree(settings, layout)],
    // The servers' data is at the master since they enrolled: who is trusted again after a revocation has it back with that.
    configure: () => [],
    run: ([context]: readonly ConfiguratorContext[]) =>
      context === undefined ? undefined : toolRun(settings, context),
    verify: (context) => toolChecks(settings, context),
    agents: { script: agentsScript(layout), parse: parseAgents },
    revoke: (server) => revokeResources(layout, server),
    revokeKey: (fingerprint, members) => revokeKeyResources(layout, fingerprint, members),
    restart: ({ isMaster }) =>
      [
        ...(isMaster ? [`systemctl stop ${SERVER_SERVICE}\n${startServer(layout)}`] : []),
        ...(settings.agent === "service" ? [`systemctl restart ${AGENT_SERVICE}`] : []),
      ].join("\n") || undefined,
  };
}

function environmentTree(settings: PuppetSettings, layout: Layout): Tree {
  const place = {
    name: "environment",
    remote: `${layout.environments}/${settings.environment}`,
    on: "master",
    // Puppet Server runs as this user; only its group is given, so that it cannot change what it serves.
    group: "puppet",
    modes: Object.fromEntries(settings.secrets.map((pattern) => [pattern, "0640"])),
  } as const;
  return settings.tree === undefined
    ? { ...place, files: [{ path: "manifests/site.pp", content: EMPTY_SITE }] }
    : { ...place, local: settings.tree };
}

const EMPTY_SITE = `# Written by bootmachine: the config names no tree. \`bootmachine init --configurator puppet\` makes one.
node default {
}
`;
