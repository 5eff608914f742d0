import {
  aptPin,
  ofVersions,
  type VersionByPackage,
  versionPattern,
} from "../../program/pinned-packages.ts";
import type { Resource } from "../../program/resource.ts";
import type { Layout } from "./layout.ts";
import { OPENVOX_SERIES, type OpenvoxSeries, type PuppetSettings } from "./options.ts";

/** apt's preferences. */
const PIN_FILE = "/etc/apt/preferences.d/bootmachine-openvox";

/** Each series has a component of its own in OpenVox's repository. */
export function seriesOf({ version }: Pick<PuppetSettings, "version">): OpenvoxSeries {
  return OPENVOX_SERIES.find((series) => series === version?.split(".")[0]) ?? "8";
}

export function componentOf(series: OpenvoxSeries): string {
  return `openvox${series}`;
}

/**
 * Agent and server count their releases apart, so that the agent's says nothing about the server's but the series. Without a version
 * it is the series alone: packages of another one would stay, and no repository would have anything newer for them.
 */
function versionsOf(
  { version, serverVersion }: PuppetSettings,
  layout: Layout,
  isMaster: boolean,
): VersionByPackage {
  const series = seriesOf({ version });
  const server = serverVersion ?? series;
  return Object.fromEntries([
    ...layout.agentPackages.map((name) => [name, version ?? series]),
    ...(isMaster ? layout.serverPackages.map((name) => [name, server]) : []),
  ]) as VersionByPackage;
}

/** Comes before the packages, so that no other release of them is ever installed. */
export function pinResource(
  settings: PuppetSettings,
  layout: Layout,
  isMaster: boolean,
): readonly Resource[] {
  if (settings.packages === "distro") return [];
  const versions = Object.entries(versionsOf(settings, layout, isMaster));
  return [{ type: "file", path: PIN_FILE, content: pinFile(versions) }];
}

/** The first entry that fits a release counts: what is not wanted is out of the question, also where there is nothing else. */
function pinFile(versions: readonly (readonly [name: string, version: string])[]): string {
  const pins = versions.flatMap(([name, version]) => [
    aptPin(name, versionPattern(version), 1001),
    aptPin(name, "*", -1),
  ]);
  return `# Written by bootmachine: change it there, in the options of \`puppet\`.\n${pins.join("\n")}`;
}

/** After the packages: where `version` has changed since they were installed. */
export function versionResource(
  settings: PuppetSettings,
  layout: Layout,
  isMaster: boolean,
): readonly Resource[] {
  if (settings.packages === "distro") return [];
  return [
    ofVersions(
      `puppet packages are of ${settings.version ?? seriesOf(settings)}`,
      versionsOf(settings, layout, isMaster),
    ),
  ];
}
