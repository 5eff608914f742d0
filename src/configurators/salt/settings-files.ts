import { aptPin } from "../../program/pinned-packages.ts";
import type { ConfiguratorContext, Member } from "../contract.ts";
import type { SaltSettings } from "./options.ts";
import { DATA_ROOT } from "./paths.ts";

/** Salt's settings are YAML, of which JSON is a part: nothing has to be quoted by hand. */
const text = (value: unknown): string => JSON.stringify(value);

const HEAD =
  "# Written by bootmachine; changes are undone. Settings of your own go into another file of this folder.";

/** What the packages read: daemons own no code. */
export function packageSettings(): string {
  return `# Written by bootmachine. Read by the maintainer scripts of Salt's packages.
# The master runs as the user salt. Without this, that user would own the code that minions run as root.
SALT_ONEDIR_HARDEN=1
`;
}

/** apt's preference for one series of releases. */
export function pinFile(version: SaltSettings["version"]): string {
  return `# Written by bootmachine.
${aptPin("salt-*", `${version}.*`, 1001)}`;
}

export function minionSettings({ member }: ConfiguratorContext): string {
  return [
    HEAD,
    `id: ${text(member.server)}`,
    // Said here so that upgrades of the package see it: they give minion.d and the keys to this user.
    "user: root",
    "",
  ].join("\n");
}

/** Which master, and by which key it is known. */
export function minionMasterSettings(master: Member, fingerprint: string): string {
  return [
    HEAD,
    `master: ${text(master.address)}`,
    ...(isIpv6(master.address) ? ["ipv6: true"] : []),
    "# Beside the pinned key itself in pki/minion/minion_master.pub.",
    `master_finger: ${text(fingerprint)}`,
    "",
  ].join("\n");
}

/** Roles and members, as grains. */
export function minionGrains({ stack, member, members }: ConfiguratorContext): string {
  return [
    HEAD,
    "grains:",
    `  roles: ${text(member.roles)}`,
    "  bootmachine:",
    `    stack: ${text(stack)}`,
    "    members:",
    ...members.map(
      ({ server, roles, publicAddresses, privateAddresses }) =>
        `      ${text(server)}: ${text({ roles, public_addresses: publicAddresses, private_addresses: privateAddresses })}`,
    ),
    "",
  ].join("\n");
}

export function masterSettings(settings: SaltSettings, context: ConfiguratorContext): string {
  return [
    HEAD,
    "# Keys come from bootmachine, over ssh. Nobody is ever taken at their word.",
    "auto_accept: false",
    "open_mode: false",
    ...(context.members.some(({ address }) => isIpv6(address))
      ? ["interface: '::'", "ipv6: true"]
      : []),
    `file_roots: ${text({ base: [settings.remoteStatesDir] })}`,
    `pillar_roots: ${text({ base: [settings.remotePillarsDir] })}`,
    "# Each minion's own data, as the pillar `bootmachine`.",
    "ext_pillar:",
    `  - file_tree: ${text({ root_dir: DATA_ROOT, template: true, render_default: "json", renderer_whitelist: ["json"] })}`,
    "# Trees are exchanged at once: a list of files from before would miss what is new.",
    "fileserver_list_cache_time: 0",
    "",
  ].join("\n");
}

function isIpv6(address: string): boolean {
  return address.includes(":");
}
