/** The folder of the virtual environment and of what belongs to it. */
export const HOME = "/opt/bootmachine/ansible";
export const VENV = `${HOME}/venv`;
export const REQUIREMENTS = `${HOME}/requirements.txt`;
/** The index, which may hold a password. */
export const PIP_SETTINGS = `${HOME}/pip.conf`;
export const CALLBACKS = `${HOME}/callback_plugins`;

/** Ansible's own folder for settings: found by runs by hand where a tree brings no ansible.cfg. */
export const SETTINGS_FOLDER = "/etc/ansible";
export const SETTINGS = `${SETTINGS_FOLDER}/ansible.cfg`;
/** What the master knows of the members; root's alone. */
export const CONTROL = `${SETTINGS_FOLDER}/bootmachine`;
export const INVENTORY = `${CONTROL}/inventory`;
export const KEY = `${CONTROL}/id_ed25519`;
/** A file a member, as in the inventory: each is written and taken away by itself. */
export const KNOWN_HOSTS = `${CONTROL}/known_hosts`;

/** On a member: what authorized_keys of the account has to be, root's alone. */
export const MEMBER_STATE = "/var/lib/bootmachine/ansible";
export const EXPECTED_KEYS = `${MEMBER_STATE}/authorized_keys`;

/** Ansible reads all files of the folder. */
export function inventoryFile(server: string): string {
  return `${INVENTORY}/${server}.yml`;
}

export function knownHostsFile(server: string): string {
  return `${KNOWN_HOSTS}/${server}`;
}
