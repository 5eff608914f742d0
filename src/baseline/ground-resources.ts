import type { Resource } from "../program/resource.ts";
import { primaryGroupOf } from "./account-resources.ts";
import type { BaselineContext } from "./context.ts";
import { KERNEL_SETTINGS, NETWORK_SETTINGS } from "./kernel-settings.ts";

/**
 * The ground of phase secure: what of the baseline says nothing about who gets in. The rest, the accounts and the way in
 * itself, is changed by the access change.
 */
export function groundResources(context: BaselineContext): readonly Resource[] {
  const { server, facts, distro } = context;
  return [
    ...groupResources(context),
    ...distro.baseline.automaticUpgrades(server.upgrades.automatic, facts),
    {
      type: "sysctl",
      id: "sysctl network",
      name: "60-bootmachine-network",
      settings: NETWORK_SETTINGS,
    },
    {
      type: "sysctl",
      id: "sysctl kernel",
      name: "60-bootmachine-kernel",
      settings: KERNEL_SETTINGS,
      ...(facts.isContainer
        ? {
            onlyIf: "false",
            skipReason: "kernel settings of the whole computer, not of a container",
          }
        : {}),
    },
    ...distro.baseline.unwantedServices(facts),
    {
      type: "command",
      id: "file permissions",
      // Host keys and password hashes are root's alone (and, for the hashes, of the group that password tools run as).
      check: String.raw`[ -z "$(find /etc/ssh -maxdepth 1 -name 'ssh_host_*_key' \( -perm /077 -o ! -user root \) 2>/dev/null)" ] &&
[ -z "$(find /etc/shadow /etc/gshadow /etc/sudoers -maxdepth 0 \( -perm /037 -o ! -user root \) 2>/dev/null)" ] &&
[ -z "$(find /etc/ssh/sshd_config /etc/passwd /etc/group -maxdepth 0 \( -perm /022 -o ! -user root \) 2>/dev/null)" ]`,
      run: String.raw`find /etc/ssh -maxdepth 1 -name 'ssh_host_*_key' -exec chown root {} + -exec chmod go-rwx {} + &&
chown root /etc/shadow /etc/sudoers /etc/ssh/sshd_config /etc/passwd /etc/group &&
chmod g-wx,o-rwx /etc/shadow /etc/sudoers && chmod go-w /etc/ssh/sshd_config /etc/passwd /etc/group &&
{ [ ! -e /etc/gshadow ] || { chown root /etc/gshadow && chmod g-wx,o-rwx /etc/gshadow; }; }`,
    },
  ];
}

/** Declared groups, users' own groups with a declared gid, and groups that a user names and nobody declared. */
function groupResources(context: BaselineContext): readonly Resource[] {
  const { groups, users } = context.stack;
  const resources: Resource[] = groups.map((group) => ({
    type: "group",
    name: group.name,
    ...(group.gid === undefined ? {} : { gid: group.gid }),
  }));
  const known = new Set(groups.map((group) => group.name));
  for (const user of users) {
    const primary = primaryGroupOf(user, groups);
    if (user.gid !== undefined && primary !== undefined && !known.has(primary)) {
      resources.push({ type: "group", name: primary, gid: user.gid });
      known.add(primary);
    }
  }
  for (const name of users.flatMap((user) => user.groups)) {
    if (known.has(name) || users.some((user) => user.name === name)) continue;
    resources.push({ type: "group", name, system: true });
    known.add(name);
  }
  return resources;
}
