import type { InventoryEntry } from "../fleet/fleet-contract.ts";

export interface InventoryAbout {
  readonly stack: string;
  readonly knownHostsFile: string;
  readonly identityFile: string | undefined;
}

/** The servers as YAML, for any other tool. */
export async function renderInventoryYaml(
  entries: readonly InventoryEntry[],
  about: InventoryAbout,
): Promise<string> {
  const { stringify } = await import("yaml");
  return stringify({
    stack: about.stack,
    servers: Object.fromEntries(
      entries.map(({ server, ...rest }) => [
        server,
        Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
      ]),
    ),
  });
}

/**
 * An Ansible inventory in YAML: each role is a group, the pinned host keys are used and checked.
 * Group names have only letters, digits and underscores there, so other characters become underscores.
 */
export async function renderAnsibleInventory(
  entries: readonly InventoryEntry[],
  about: InventoryAbout,
): Promise<string> {
  const { stringify } = await import("yaml");
  const roles = [...new Set(entries.flatMap((entry) => entry.roles))].toSorted();
  const hosts = Object.fromEntries(
    entries
      .filter((entry) => entry.address !== undefined)
      .map((entry) => [
        entry.server,
        {
          ansible_host: entry.address,
          ansible_port: entry.port,
          ansible_user: entry.user,
          ansible_ssh_common_args: sshArguments(about, entry),
          // An ansible.cfg with `host_key_checking = False` would come before the line above; ssh takes the first that it sees.
          ansible_host_key_checking: true,
          ...(entry.privateAddresses[0] === undefined
            ? {}
            : { private_address: entry.privateAddresses[0] }),
        },
      ]),
  );
  const children = Object.fromEntries(
    roles.map((role) => [
      groupName(role),
      {
        hosts: Object.fromEntries(
          entries.filter((entry) => entry.roles.includes(role)).map((entry) => [entry.server, {}]),
        ),
      },
    ]),
  );
  const master = entries.find((entry) => entry.isMaster);
  const inventory = {
    all: {
      hosts,
      vars: {
        bootmachine_stack: about.stack,
        ansible_become: true,
        ...(about.identityFile === undefined
          ? {}
          : { ansible_ssh_private_key_file: about.identityFile.replace(/\.pub$/, "") }),
        ...(master === undefined ? {} : { bootmachine_master: master.server }),
      },
      ...(roles.length === 0 ? {} : { children }),
    },
  };
  // Ansible reads version 1.1, to which an address without letters and a role such as "on" are a number and a yes.
  return stringify(inventory, { version: "1.1" });
}

/** Lines for /etc/hosts: the private address where there is one, else the public one. */
export function renderHosts(entries: readonly InventoryEntry[], about: InventoryAbout): string {
  const lines = entries.flatMap((entry) => {
    const address = entry.privateAddresses[0] ?? entry.publicAddresses[0] ?? entry.address;
    return address === undefined ? [] : [`${address}\t${entry.server}`];
  });
  return [`# bootmachine stack ${about.stack}`, ...lines, ""].join("\n");
}

function groupName(role: string): string {
  const name = role.replaceAll(/[^A-Za-z0-9_]/g, "_");
  return /^[0-9]/.test(name) ? `_${name}` : name;
}

function sshArguments(about: InventoryAbout, entry: InventoryEntry): string {
  return [
    ...(entry.configFile === undefined ? [] : ["-F", quoted(entry.configFile)]),
    "-o StrictHostKeyChecking=yes",
    // ssh splits this option's value at blanks once more.
    `-o UserKnownHostsFile=${about.knownHostsFile.includes(" ") ? `'"${about.knownHostsFile}"'` : about.knownHostsFile}`,
    `-o HostKeyAlias=${about.stack}.${entry.server}`,
    ...(entry.jumpHost === undefined ? [] : ["-J", quoted(entry.jumpHost)]),
  ].join(" ");
}

/** One word for Ansible, which splits the arguments as a shell does. */
function quoted(word: string): string {
  return /^[\w./@:,[\]~+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
