import type { HostFacts } from "../../host/facts.ts";
import { quote } from "../../program/quote.ts";
import type { Resource } from "../../program/resource.ts";
import type { ConfiguratorContext } from "../contract.ts";
import {
  AGENT_SERVICE,
  dataFolder,
  FACTS_FOLDER,
  type Layout,
  layoutOf,
  SERVER_SERVICE,
} from "./layout.ts";
import { OPENVOX_KEY } from "./openvox-key.ts";
import { componentOf, pinResource, seriesOf, versionResource } from "./openvox-version.ts";
import { OPENVOX_SERIES, type PuppetSettings } from "./options.ts";
import { STOP_SERVER } from "./server-start.ts";
import {
  factsFile,
  hieraConf,
  puppetConf,
  SERVER_DROP_IN,
  serverConf,
  serverDefaults,
} from "./settings-files.ts";

const OPENVOX_URL = "https://apt.voxpupuli.org";

/**
 * The agent, and on the master Puppet Server with its certificate authority still to be made. Nothing is started.
 *
 * @param key what OpenVox's repository is signed with; undefined: the project's own key
 */
export function installResources(
  settings: PuppetSettings,
  key: string | undefined,
  context: ConfiguratorContext,
): readonly Resource[] {
  const layout = layoutOf(settings);
  const { facts, isMaster } = context.member;
  return [
    ...supported(settings, isMaster, facts),
    ...repository(settings, key, facts),
    ...pinResource(settings, layout, isMaster),
    // Settings come before packages, and units are held: Debian starts what it installs.
    ...settingsFolders(layout).map((path) => ({ type: "directory", path }) as const),
    {
      type: "file",
      path: `${layout.settings}/puppet.conf`,
      content: puppetConf(settings, context),
      triggers: isMaster ? [STOP_SERVER] : [],
    },
    { type: "file", path: `${FACTS_FOLDER}/bootmachine.json`, content: factsFile(context) },
    held(AGENT_SERVICE),
    ...(isMaster ? [held(SERVER_SERVICE)] : []),
    {
      type: "package",
      id: "puppet packages",
      names: [
        ...layout.agentPackages,
        ...(isMaster ? [...java(settings, facts), ...layout.serverPackages] : []),
      ],
    },
    ...versionResource(settings, layout, isMaster),
    ...(isMaster ? serverFiles(settings, layout, facts) : []),
  ];
}

/** /etc/puppet, or /etc/puppetlabs and /etc/puppetlabs/puppet. */
function settingsFolders(layout: Layout): readonly string[] {
  const folders = [layout.settings, FACTS_FOLDER].flatMap((path) => [parentOf(path), path]);
  return folders.filter((path) => path !== "/etc");
}

function serverFiles(
  settings: PuppetSettings,
  layout: Layout,
  facts: HostFacts,
): readonly Resource[] {
  const dropIns = `/etc/systemd/system/${SERVER_SERVICE}.d`;
  return [
    ...(settings.remoteDir === undefined ? [] : [folderAbove(layout.environments)]),
    { type: "directory", path: layout.environments },
    // Puppet Server does not start without its own environment, and makes none as the user puppet. "production" it wants always.
    ...[...new Set(["production", settings.environment])].map((name) =>
      environmentFolder(layout, name),
    ),
    { type: "directory", path: dataFolder(layout) },
    { type: "directory", path: `${dataFolder(layout)}/nodes` },
    {
      type: "file",
      path: `${layout.settings}/hiera.yaml`,
      content: hieraConf(layout),
      triggers: [STOP_SERVER],
    },
    {
      type: "block",
      path: "/etc/default/puppetserver",
      name: "memory",
      content: serverDefaults(settings, facts),
      triggers: [STOP_SERVER],
    },
    serverSettings(layout, serverConf(settings, facts)),
    { type: "directory", path: dropIns },
    {
      type: "file",
      path: `${dropIns}/bootmachine.conf`,
      content: SERVER_DROP_IN,
      triggers: [{ run: "systemctl daemon-reload" }],
    },
  ];
}

/** Of a folder of the user's choice; where it is there it keeps its mode. */
function folderAbove(path: string): Resource {
  const folder = parentOf(path) || "/";
  return {
    type: "command",
    id: `directory ${folder}`,
    check: `[ -d ${folder} ]`,
    run: `umask 022 && mkdir -p ${folder}`,
  };
}

/** A link, as the tree will be one, is as good. */
function environmentFolder({ environments }: Layout, name: string): Resource {
  return {
    type: "command",
    id: `puppet environment ${name}`,
    check: `[ -e ${environments}/${name} ]`,
    run: `mkdir ${environments}/${name}`,
  };
}

/**
 * A file among Puppet Server's settings. Debian gives the folder above it to the user puppet, and there a file resource writes
 * nothing for root; that user rules every server by its catalogues, so nothing is lost by writing here.
 */
function serverSettings({ serverSettings: folder }: Layout, content: string): Resource {
  const file = `${folder}/bootmachine.conf`;
  return {
    type: "command",
    id: "puppet server's settings",
    check: `[ "$(cat ${file} 2>/dev/null)" = ${quote(content.trimEnd())} ]`,
    run: `umask 022
printf '%s\\n' ${quote(content.trimEnd())} >${file}.new && mv ${file}.new ${file}`,
    triggers: [STOP_SERVER],
  };
}

/** What cannot be had on the host's release is told before anything is installed. */
function supported(
  settings: PuppetSettings,
  isMaster: boolean,
  facts: HostFacts,
): readonly Resource[] {
  const reason = whyNotOn(settings, isMaster, facts);
  if (reason === undefined) return [];
  const check = `echo ${quote(`${facts.osPrettyName} ${reason}`)}; false`;
  return [{ type: "command", id: "puppet supported", check, showCheckOutput: true }];
}

function whyNotOn(
  settings: PuppetSettings,
  isMaster: boolean,
  facts: HostFacts,
): string | undefined {
  if (settings.packages === "distro") {
    // Debian 11 has Puppet 5 and no server: nobody should begin there today.
    const isTooOld = facts.osId === "debian" && Number(facts.osVersion) < 12;
    return isTooOld ? 'has no Puppet that can be used: take packages "openvox"' : undefined;
  }
  return isMaster && seriesOf(settings) === "9" && !hasJava21(facts)
    ? 'has no Java 21, which the server of OpenVox 9 needs: take a master of a newer release, or version "8"'
    : undefined;
}

function repository(
  settings: PuppetSettings,
  key: string | undefined,
  facts: HostFacts,
): readonly Resource[] {
  if (settings.packages === "distro") return [];
  const source = (component: string) =>
    ({
      type: "repository",
      name: component,
      uri: settings.repository?.url ?? OPENVOX_URL,
      // debian12, ubuntu24.04
      suite: `${facts.osId}${facts.osVersion}`,
      components: [component],
      key: key ?? OPENVOX_KEY,
    }) as const;
  const series = seriesOf(settings);
  return [
    // apt refuses to read one repository under two keys' files.
    ...OPENVOX_SERIES.filter((other) => other !== series).map(
      (other) => ({ ...source(componentOf(other)), state: "absent" }) as const,
    ),
    source(componentOf(series)),
  ];
}

function hasJava21({ osId, osVersion }: HostFacts): boolean {
  return Number(osVersion) >= (osId === "ubuntu" ? 24.04 : 13);
}

/** OpenVox's server needs Java 17 or 21 (of series 9: 21) and brings none; the distro's packages name theirs. */
function java({ packages }: PuppetSettings, facts: HostFacts): readonly string[] {
  if (packages === "distro") return [];
  return [hasJava21(facts) ? "openjdk-21-jre-headless" : "openjdk-17-jre-headless"];
}

/** A unit that is not there yet is masked, so that its package cannot start it; `released` takes the mask away. */
function held(unit: string): Resource {
  return {
    type: "command",
    id: `${unit} held back`,
    check: `[ -e /lib/systemd/system/${unit} ] || [ -e /usr/lib/systemd/system/${unit} ] || [ -L /etc/systemd/system/${unit} ]`,
    run: `ln -s /dev/null /etc/systemd/system/${unit} && systemctl daemon-reload`,
  };
}

/** Takes the mask away that installing has put on; one that somebody else has put on as well, since the unit is wanted. */
export function released(unit: string): Resource {
  return {
    type: "command",
    id: `${unit} released`,
    check: `[ "$(readlink /etc/systemd/system/${unit})" != /dev/null ]`,
    run: `systemctl unmask --quiet ${unit}`,
  };
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
