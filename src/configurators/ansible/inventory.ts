import { Document, isScalar, visit } from "yaml";

import type { ConnectedMember, Member, RoleProblem, ServerData } from "../contract.ts";
import type { AnsibleSettings } from "./options.ts";
import { KEY, knownHostsFile } from "./paths.ts";

const HEAD = `# Written by bootmachine, and put back by it when it is changed.
# Your own variables go into group_vars and host_vars beside your playbook; what stands there wins.
`;

/** What the templates of Ansible would take for theirs. */
const TEMPLATE = /\{[{%#]/;

/** How Ansible gets to a server, as variables of its inventory. */
export type Connection = Readonly<Record<string, string | number | boolean>>;

/** From the master: by its own key, by pinned host keys only. The master itself needs no way through the network. */
export function connectionFromMaster(member: Member, settings: AnsibleSettings): Connection {
  const python = { ansible_python_interpreter: "/usr/bin/python3" };
  if (member.isMaster) return { ansible_connection: "local", ...python };
  return {
    ansible_connection: "ssh",
    ansible_host: member.address,
    ansible_port: member.sshPort,
    ansible_user: settings.user,
    ansible_ssh_private_key_file: KEY,
    // Host keys stand under the server's name: they stay with it when its address changes.
    ansible_ssh_common_args: [
      `UserKnownHostsFile=${knownHostsFile(member.server)}`,
      "GlobalKnownHostsFile=/dev/null",
      "StrictHostKeyChecking=yes",
      `HostKeyAlias=${member.server}`,
      "UpdateHostKeys=no",
      "IdentitiesOnly=yes",
      "IdentityAgent=none",
    ]
      .map((option) => `-o ${option}`)
      .join(" "),
    ...STRICT,
    ...SWIFT,
    ...python,
  };
}

/** From the operator's computer: as the operator, by the ssh_config that bootmachine keeps. */
export function connectionFromController(member: Member, sshConfigFile: string): Connection {
  return {
    ansible_connection: "ssh",
    ansible_host: member.server,
    ansible_ssh_common_args: `-F ${JSON.stringify(sshConfigFile)}`,
    ...STRICT,
    ...SWIFT,
    ansible_python_interpreter: "/usr/bin/python3",
  };
}

/**
 * Ansible puts the settings of an ansible.cfg, or of the environment, before those of a connection, and ssh takes the first that it
 * sees: `host_key_checking = False` in a tree, or `-o UserKnownHostsFile=/dev/null` in its `ssh_args`, would count. Variables
 * take the place of both.
 */
const STRICT: Connection = {
  ansible_host_key_checking: true,
  // Ansible's own default.
  ansible_ssh_args: "-C -o ControlMaster=auto -o ControlPersist=60s",
};

/** One round trip a task instead of three; the account may have no terminal. */
const SWIFT: Connection = {
  ansible_pipelining: true,
  ansible_ssh_use_tty: false,
  // For a connection, and for sudo: 10 seconds are too few for a server that is busy with its first boot.
  ansible_ssh_timeout: 30,
};

/**
 * The inventory of one server, YAML: how it is reached, its roles as groups, its secure state as the variable
 * `bootmachine`. Ansible puts all files of a folder together.
 */
export function renderInventory(member: ConnectedMember, connection: Connection): string {
  const { server, data } = member;
  return (
    HEAD +
    renderYaml({
      all: { hosts: { [server]: { ...connection, bootmachine: data satisfies ServerData } } },
      ...groupsOf([member]),
    })
  );
}

/**
 * The members that a run is not for: a playbook looks them up in groups and by their variables, such as a load balancer that has
 * to know all of its backends, whichever servers were asked for. Of their secure state nothing is known here.
 */
export function renderOthers(
  others: readonly Member[],
  { stack, master, members }: Pick<ServerData, "stack" | "master" | "members">,
  connectionOf: (member: Member) => Connection,
): string {
  const hosts = others.map((member) => {
    const { server, roles } = member;
    const bootmachine = { stack, server, roles, master, members };
    return [server, { ...connectionOf(member), bootmachine }] as const;
  });
  return HEAD + renderYaml({ all: { hosts: Object.fromEntries(hosts) }, ...groupsOf(others) });
}

/** Roles as groups, with the servers that have them. */
function groupsOf(members: readonly Member[]): Readonly<Record<string, unknown>> {
  const groups = new Map<string, Record<string, null>>();
  for (const { server, roles } of members) {
    for (const group of roles.map(groupName)) {
      groups.set(group, { ...groups.get(group), [server]: null });
    }
  }
  return Object.fromEntries([...groups].map(([group, hosts]) => [group, { hosts }]));
}

/** What Ansible takes for its own where it reads an inventory: its two groups, and the key that makes a file a plug-in's. */
const RESERVED: ReadonlyMap<string, string> = new Map([
  ["all", "of all servers"],
  ["ungrouped", "of the servers without a group"],
  ["plugin", "for the settings of an inventory plug-in"],
]);

/** The roles that would change another thing in the inventory than their own group. */
export function roleProblems(roles: readonly string[]): readonly RoleProblem[] {
  const rolesByGroup = Map.groupBy(roles, groupName);
  return [...rolesByGroup].flatMap(([group, [first = group, ...others]]) => {
    const meaning = RESERVED.get(group);
    return [
      ...(meaning === undefined
        ? []
        : [
            {
              role: first,
              message: `the role "${first}" cannot be a group of Ansible's inventory: "${group}" is its own name there ${meaning}`,
              hint: `Give the role another name, such as "${first}-servers".`,
            },
          ]),
      ...others.map((role) => ({
        role,
        message: `the roles "${first}" and "${role}" would be one group of Ansible's inventory, ${group}`,
        hint: "Give one of them another name: other signs than letters, digits and underscores become underscores there.",
      })),
    ];
  });
}

/** Ansible warns of names of groups that are no names of variables. */
export function groupName(role: string): string {
  return role.replaceAll(/[^A-Za-z0-9_]/g, "_");
}

/** Text of ours is never a template, whatever stands in it. Ansible reads YAML 1.1, to which a server called "no" is a false. */
function renderYaml(value: unknown): string {
  const document = new Document(value, { version: "1.1" });
  visit(document, {
    Scalar: (_key, node) => {
      if (isScalar(node) && typeof node.value === "string" && TEMPLATE.test(node.value)) {
        node.tag = "!unsafe";
      }
    },
  });
  return document.toString({ lineWidth: 0, nullStr: "null" });
}
