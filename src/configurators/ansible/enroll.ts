import { isIP } from "node:net";

import { quote } from "../../program/quote.ts";
import type { Resource } from "../../program/resource.ts";
import type { ConfiguratorContext, Member, Step } from "../contract.ts";
import { connectionFromMaster, renderInventory } from "./inventory.ts";
import type { AnsibleSettings } from "./options.ts";
import {
  CONTROL,
  EXPECTED_KEYS,
  INVENTORY,
  inventoryFile,
  KEY,
  KNOWN_HOSTS,
  knownHostsFile,
  MEMBER_STATE,
} from "./paths.ts";

/** Under this name a member's steps get the master's public key and, a line each, the addresses of its interfaces. */
const MASTER_KEY = "master-key";

/**
 * How the master comes to reach a member: its own key into the account of the member, the member's pinned host keys into
 * its known_hosts. The private key is made on the master and never leaves it; the operator's key is not used.
 */
export function enrollSteps(
  context: ConfiguratorContext,
  settings: AnsibleSettings,
): readonly Step[] {
  if (settings.from === "controller") return [];
  if (context.member.isMaster) return [ownStep(context, settings)];
  return [
    // In one step: the master's host is shared by all members, whose steps wait for each other.
    {
      on: "master",
      title: `entering ${context.member.server} in the inventory`,
      resources: () => [knownHostsResource(context.member), inventoryResource(context, settings)],
      read: {
        name: MASTER_KEY,
        script: `cat ${KEY}.pub && ip -o address show scope global 2>/dev/null | awk '{ sub("/.*", "", $4); print $4 }'`,
      },
    },
    {
      on: "member",
      title: `letting the master in as ${settings.user}`,
      resources: (readings) => {
        const line = authorizedKey(context, readings[MASTER_KEY] ?? "");
        return [
          { type: "authorized-keys", user: settings.user, keys: [line] },
          { type: "directory", path: MEMBER_STATE, mode: "0700" },
          { type: "file", path: EXPECTED_KEYS, content: `${line}\n`, mode: "0600" },
        ];
      },
    },
  ];
}

/**
 * The master's key pair is made once; a master that was built anew makes another, which takes the place of the old one
 * everywhere. Nobody comes into the master by the account that the others have for it.
 */
function ownStep(context: ConfiguratorContext, settings: AnsibleSettings): Step {
  const { stack, member, members } = context;
  const comment = quote(`bootmachine ansible ${member.server}.${stack}`);
  return {
    on: "member",
    title: "the master's own key pair and inventory",
    resources: () => [
      { type: "directory", path: CONTROL, mode: "0700" },
      { type: "directory", path: INVENTORY, mode: "0700" },
      { type: "directory", path: KNOWN_HOSTS, mode: "0700" },
      {
        type: "command",
        id: "key pair of the master",
        check: `[ -s ${KEY} ] && [ -s ${KEY}.pub ] && [ -z "$(find ${KEY} -perm /077)" ]`,
        run: `rm -f ${KEY} ${KEY}.pub && ssh-keygen -q -t ed25519 -N '' -C ${comment} -f ${KEY}`,
      },
      {
        type: "command",
        id: "servers that are gone",
        check: `${unknownFiles(members)}
[ -z "$bm_unknown" ]`,
        run: `${unknownFiles(members)}
rm -f -- $bm_unknown`,
      },
      { type: "authorized-keys", user: settings.user, keys: [] },
      inventoryResource(context, settings),
    ],
  };
}

/** Shell text that sets bm_unknown to the files about servers that have no machine: of names that need no quotes. */
export function unknownFiles(members: readonly Member[]): string {
  return `bm_unknown=
for bm_file in ${INVENTORY}/* ${KNOWN_HOSTS}/*; do
  bm_name=\${bm_file##*/}
  case \${bm_name%.yml} in
  ${members.map(({ server }) => server).join("|")}|'*') ;;
  *[!A-Za-z0-9.-]*) ;;
  *) bm_unknown="$bm_unknown $bm_file" ;;
  esac
done`;
}

function knownHostsResource(member: Member): Resource {
  return {
    type: "file",
    path: knownHostsFile(member.server),
    content: knownHostsText(member),
    mode: "0600",
  };
}

/** How the member is reached and what it is, on the master. */
export function inventoryResource(
  { member }: ConfiguratorContext,
  settings: AnsibleSettings,
): Resource {
  return {
    type: "file",
    path: inventoryFile(member.server),
    content: renderInventory(member, connectionFromMaster(member, settings)),
    mode: "0600",
  };
}

/** Under the server's name, whatever its address and port. */
export function knownHostsText({ server, hostKeys }: Member): string {
  return hostKeys.map((key) => `${server} ${key}\n`).join("");
}

/** What is left on the master of a server that is gone. */
export function forgetResources(server: string): readonly Resource[] {
  return [inventoryFile(server), knownHostsFile(server)].map((path) => ({
    type: "file",
    path,
    state: "absent",
  }));
}

/** The master's key, good from the master's addresses only, and for commands only: no terminal, no forwarding. */
function authorizedKey({ master }: ConfiguratorContext, reading: string): string {
  const [key = "", ...interfaces] = reading.split("\n");
  const declared = [
    ...(master?.privateAddresses ?? []),
    ...(master?.publicAddresses ?? []),
    ...(master === undefined ? [] : [master.address]),
  ].filter((address) => isIP(address) !== 0);
  // Where the provider knows the master by a name only, sshd would have to believe the name service.
  const from = declared.length > 0 ? declared : interfaces.filter((address) => isIP(address) !== 0);
  return `from="${[...new Set(from)].join(",")}",restrict ${key}`;
}
