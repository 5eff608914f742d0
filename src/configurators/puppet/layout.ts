import type { PuppetSettings } from "./options.ts";

/** Where things are on a host. OpenVox keeps Puppet's own paths; Debian and Ubuntu follow the file system standard. */
export interface Layout {
  /** Folder of the commands `puppet` and `puppetserver`. */
  readonly bin: string;
  /** Folder of puppet.conf. */
  readonly settings: string;
  /** Folder of the environments. */
  readonly environments: string;
  /** Keys and certificates of the agent. */
  readonly ssl: string;
  /** The certificate authority, on the master. */
  readonly authority: string;
  /** Puppet Server's settings that are merged from several files. */
  readonly serverSettings: string;
  readonly serverLog: string;
  /** State of the agent: locks, the last run's report. */
  readonly state: string;
  /** The last run's summary. */
  readonly summary: string;
  readonly agentPackages: readonly string[];
  readonly serverPackages: readonly string[];
}

/** From the packages' defaults, read on Debian 12 and 13 with `puppet config print`. */
const DEBIAN: Layout = {
  bin: "/usr/bin",
  settings: "/etc/puppet",
  environments: "/etc/puppet/code/environments",
  ssl: "/var/lib/puppet/ssl",
  authority: "/etc/puppet/puppetserver/ca",
  serverSettings: "/etc/puppet/puppetserver/conf.d",
  serverLog: "/var/log/puppetserver/puppetserver.log",
  state: "/var/cache/puppet/state",
  summary: "/var/cache/puppet/public/last_run_summary.yaml",
  agentPackages: ["puppet-agent"],
  serverPackages: ["puppetserver"],
};

/** From OpenVox's documentation (8.x): the same as in Puppet's packages. */
const OPENVOX: Layout = {
  bin: "/opt/puppetlabs/bin",
  settings: "/etc/puppetlabs/puppet",
  environments: "/etc/puppetlabs/code/environments",
  ssl: "/etc/puppetlabs/puppet/ssl",
  authority: "/etc/puppetlabs/puppetserver/ca",
  serverSettings: "/etc/puppetlabs/puppetserver/conf.d",
  serverLog: "/var/log/puppetlabs/puppetserver/puppetserver.log",
  state: "/opt/puppetlabs/puppet/cache/state",
  summary: "/opt/puppetlabs/puppet/public/last_run_summary.yaml",
  agentPackages: ["openvox-agent"],
  serverPackages: ["openvox-server"],
};

export function layoutOf({ packages, remoteDir }: PuppetSettings): Layout {
  const layout = packages === "distro" ? DEBIAN : OPENVOX;
  return remoteDir === undefined ? layout : { ...layout, environments: remoteDir };
}

/** Facter reads it wherever it comes from. */
export const FACTS_FOLDER = "/etc/facter/facts.d";
export const SERVER_PORT = 8140;
export const AGENT_SERVICE = "puppet.service";
export const SERVER_SERVICE = "puppetserver.service";

/** The data of all servers, in a folder of our own at the master. */
export function dataFolder({ settings }: Layout): string {
  return `${settings}/bootmachine`;
}

/** The data of one of them. */
export function dataFile(layout: Layout, server: string): string {
  return `${dataFolder(layout)}/nodes/${server}.yaml`;
}

/** On a member: the checksums of the key and of the request that openssl has found to belong together. */
export const COMPARED_KEY = "/var/lib/bootmachine/puppet/key-and-request";

/** On the master: a member's request, and behind it the certificate that was found to hold the same key. */
export function comparedCertificate(server: string): string {
  return `/var/lib/bootmachine/puppet/certificates/${server}`;
}
