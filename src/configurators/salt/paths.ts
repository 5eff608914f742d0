/** Where Salt's packages keep things, and where we put ours. */

export const MINION_UNIT = "salt-minion";
export const MASTER_UNIT = "salt-master";

/** User and group that the master runs as, made by the package. */
export const MASTER_USER = "salt";

/** Settings that the packages read before they do anything. */
export const PACKAGE_SETTINGS = "/etc/default/salt-setup";
export const PIN_FILE = "/etc/apt/preferences.d/salt-pin-1001";

export const MINION_SETTINGS_FOLDER = "/etc/salt/minion.d";
export const MINION_SETTINGS = `${MINION_SETTINGS_FOLDER}/bootmachine.conf`;
export const MINION_GRAINS = `${MINION_SETTINGS_FOLDER}/bootmachine-grains.conf`;
/** Which master, and the fingerprint of its key: written when both are known. */
export const MINION_MASTER = `${MINION_SETTINGS_FOLDER}/bootmachine-master.conf`;
export const MASTER_SETTINGS = "/etc/salt/master.d/bootmachine.conf";

export const MINION_KEYS = "/etc/salt/pki/minion";
export const MASTER_KEYS = "/etc/salt/pki/master";
/** Folders of the master's, by what it thinks of the keys in them. */
export const KEY_FOLDERS = {
  accepted: `${MASTER_KEYS}/minions`,
  waiting: `${MASTER_KEYS}/minions_pre`,
  rejected: `${MASTER_KEYS}/minions_rejected`,
  denied: `${MASTER_KEYS}/minions_denied`,
} as const;

/** One folder for each minion below `hosts`; the master shows each minion its own alone (ext_pillar `file_tree`). */
export const DATA_ROOT = "/etc/salt/bootmachine";
export const DATA_HOSTS = `${DATA_ROOT}/hosts`;
/** Its name is the pillar's key. */
export const DATA_FILE = "bootmachine";

export const MINION_CACHE = "/var/cache/salt/minion";

/** The port that minions listen to, and the one on which they answer and log in. */
export const PUBLISH_PORT = 4505;
export const REQUEST_PORT = 4506;
