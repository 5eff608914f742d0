import type { Resource } from "../program/resource.ts";
import { accessResources } from "./access-resources.ts";
import { DECLARED_USERS_FILE } from "./account-resources.ts";
import type { BaselineContext } from "./context.ts";

/** What the access change of any distro may touch besides the files of its resources. */
const ALWAYS = [
  "/etc/ssh/sshd_config",
  "/etc/ssh/sshd_config.d",
  "/etc/systemd/system/ssh.socket.d",
  // The declared rules, and what is known only on the host: those of users whom an earlier config declared.
  "/etc/sudoers.d",
  DECLARED_USERS_FILE,
  // What `systemctl enable` makes for the firewall's unit.
  "/etc/systemd/system/sysinit.target.wants/bootmachine-firewall.service",
  "/etc/systemd/system/nftables.service.wants/bootmachine-firewall.service",
  "/var/lib/bootmachine/firewall-live.nft",
];
const MANAGED = {
  ufw: ["/etc/ufw", "/etc/default/ufw"],
  firewalld: ["/etc/firewalld"],
} as const;

/** Files and directories that a restore has to put back, none inside another, sorted. */
export function accessPaths(context: BaselineContext): readonly string[] {
  const { distro, facts } = context;
  const expanded = (["beside", "final"] as const)
    .flatMap((form) => accessResources(context, form))
    .flatMap((resource): readonly Resource[] => {
      if (resource.type === "ssh-server") return distro.sshServer(resource, facts);
      if (resource.type === "firewall") return distro.firewall(resource, facts);
      return [resource];
    });
  const files = expanded.flatMap((resource) =>
    resource.type === "file" || resource.type === "block" || resource.type === "symlink"
      ? [resource.path]
      : [],
  );
  const managed = facts.activeFirewalls.flatMap((name) => MANAGED[name]);
  const all = [...new Set([...ALWAYS, ...managed, ...files])].sort();
  return all.filter((path) => !all.some((other) => path.startsWith(`${other}/`)));
}

/** Whose accounts and keys a restore has to put back; those of an earlier config are known on the host alone. */
export function accessUsers(context: BaselineContext): readonly string[] {
  return [
    ...new Set(["root", context.arrivalUser, ...context.stack.users.map(({ name }) => name)]),
  ];
}
