import type { HostFacts } from "../../host/facts.ts";
import { ofVersions } from "../../program/pinned-packages.ts";
import type { CommandResource, FileResource, Resource, Trigger } from "../../program/resource.ts";
import type { ConfiguratorContext } from "../contract.ts";
import type { SaltSettings } from "./options.ts";
import {
  DATA_HOSTS,
  DATA_ROOT,
  MASTER_SETTINGS,
  MASTER_UNIT,
  MASTER_USER,
  MINION_GRAINS,
  MINION_KEYS,
  MINION_SETTINGS,
  MINION_SETTINGS_FOLDER,
  MINION_UNIT,
  PACKAGE_SETTINGS,
  PIN_FILE,
} from "./paths.ts";
import { repositoryResources, type SigningKey } from "./repository.ts";
import {
  masterSettings,
  minionGrains,
  minionSettings,
  packageSettings,
  pinFile,
} from "./settings-files.ts";

/** Salt on one member, with no daemon running before it is enrolled. */
export function installResources(
  settings: SaltSettings,
  key: SigningKey | undefined,
  context: ConfiguratorContext,
): readonly Resource[] {
  const { member } = context;
  const units = member.isMaster ? [MASTER_UNIT, MINION_UNIT] : [MINION_UNIT];
  return [
    // As upstream's guide has it: apt refuses to read one repository under two keys.
    { type: "file", path: "/etc/apt/sources.list.d/salt.sources", state: "absent" },
    ...repositoryResources(settings.repository?.url, key),
    { type: "file", path: PIN_FILE, content: pinFile(settings.version) },
    { type: "file", path: PACKAGE_SETTINGS, content: packageSettings() },
    ...units.map(notStartedByItsPackage),
    { type: "package", id: "package salt", names: [...units, "openssl"] },
    ...(isDebianLike(member.facts) ? [ofTheSeries(settings.version, units)] : []),
    // After the packages, which give these folders to the user salt when they are installed.
    { type: "directory", path: MINION_SETTINGS_FOLDER },
    { type: "directory", path: "/etc/salt/pki" },
    { type: "directory", path: MINION_KEYS, mode: "0700" },
    settingsFile(MINION_SETTINGS, minionSettings(context), MINION_UNIT),
    settingsFile(MINION_GRAINS, minionGrains(context), MINION_UNIT),
    ...(member.isMaster ? masterResources(settings, context) : []),
  ];
}

function masterResources(
  settings: SaltSettings,
  context: ConfiguratorContext,
): readonly Resource[] {
  const data = { type: "directory", mode: "0750", group: MASTER_USER } as const;
  return [
    { ...data, path: DATA_ROOT },
    { ...data, path: DATA_HOSTS },
    {
      ...settingsFile(MASTER_SETTINGS, masterSettings(settings, context), MASTER_UNIT),
      // Upgrades of the package give the folder to this user.
      owner: MASTER_USER,
      group: MASTER_USER,
    },
  ];
}

function settingsFile(path: string, content: string, unit: string): FileResource {
  return { type: "file", path, content, triggers: [restartIfRunning(unit)] };
}

/** A daemon that is not enrolled yet is not started either. */
export function restartIfRunning(unit: string): Trigger {
  return { run: `! systemctl is-active --quiet ${unit} || systemctl restart ${unit}` };
}

/** Shell text: exits 0 where nothing can start the unit. */
export function isMasked(unit: string): string {
  return `[ "$(readlink /etc/systemd/system/${unit}.service)" = /dev/null ]`;
}

/** Debian's packages start their daemons at once, and a minion would then ask whatever answers to the name "salt". */
function notStartedByItsPackage(unit: string): CommandResource {
  return {
    type: "command",
    id: `${unit} is not started by its package`,
    check: `[ -e /usr/bin/${unit} ] || ${isMasked(unit)}`,
    run: `systemctl --quiet mask ${unit}.service`,
  };
}

/** After a change of `version`. The pin lets apt go back as well as forward. */
function ofTheSeries(version: SaltSettings["version"], units: readonly string[]): CommandResource {
  const names = ["salt-common", ...units];
  return ofVersions(
    `salt is of the series ${version}`,
    Object.fromEntries(names.map((name) => [name, version])),
  );
}

function isDebianLike({ osId, osIdLike }: HostFacts): boolean {
  return osId === "debian" || osIdLike.includes("debian");
}
