import { RemoteError } from "../../errors/error.ts";
import { quote } from "../../program/quote.ts";
import type { CommandResource, Resource } from "../../program/resource.ts";
import type { ConfiguratorContext, ConnectedMember, Readings, Step } from "../contract.ts";
import { isMasked, restartIfRunning } from "./install-resources.ts";
import { keyFingerprint } from "./key-fingerprint.ts";
import {
  DATA_FILE,
  DATA_HOSTS,
  KEY_FOLDERS,
  MASTER_KEYS,
  MASTER_UNIT,
  MASTER_USER,
  MINION_KEYS,
  MINION_MASTER,
  MINION_UNIT,
} from "./paths.ts";
import { END_SESSIONS, forgetKeys } from "./revoke.ts";
import { minionMasterSettings } from "./settings-files.ts";

/** Salt's own are 2048 bits. These are as hard to break as AES-128 (NIST SP 800-57), and made in half the time of 4096. */
const KEY_BITS = 3072;

/**
 * How a minion and the master come to know each other, without a first contact that anybody would have to trust: each makes its
 * key pair on its own host, and the public halves are carried over ssh.
 */
export function enrollSteps(context: ConfiguratorContext): readonly Step[] {
  const { member, master } = context;
  if (master === undefined) return [];
  return [
    ...(member.isMaster ? [startMaster()] : []),
    {
      on: "member",
      title: "making the minion's key pair",
      resources: () => [keyPair("minion", MINION_KEYS, "root")],
      read: { name: "minion-key", script: `cat ${MINION_KEYS}/minion.pub` },
    },
    {
      on: "master",
      title: "accepting the minion's key, writing its data",
      resources: (readings) => [
        ...acceptKey(member.server, reading(readings, "minion-key")),
        ...minionData(member),
      ],
      read: { name: "master-key", script: `cat ${MASTER_KEYS}/master.pub` },
    },
    {
      on: "member",
      title: "pinning the master's key",
      resources: (readings) => {
        const key = reading(readings, "master-key");
        const triggers = [restartIfRunning(MINION_UNIT)];
        return [
          { type: "file", path: `${MINION_KEYS}/minion_master.pub`, content: `${key}\n`, triggers },
          {
            type: "file",
            path: MINION_MASTER,
            content: minionMasterSettings(master, keyFingerprint(key)),
            triggers,
          },
        ];
      },
    },
    // A step of its own: a minion that is only started now needs no restart for what was pinned before.
    { on: "member", title: "starting the minion", resources: () => runningUnit(MINION_UNIT) },
  ];
}

/** The master's key pair is made before its daemon first runs, so that it is there to be read when that is up. */
function startMaster(): Step {
  return {
    on: "member",
    title: "making the master's key pair, starting the master",
    resources: () => [keyPair("master", MASTER_KEYS, MASTER_USER), ...runningUnit(MASTER_UNIT)],
  };
}

function runningUnit(unit: string): readonly Resource[] {
  return [
    {
      type: "command",
      id: `${unit} may be started`,
      check: `! ${isMasked(unit)}`,
      run: `systemctl --quiet unmask ${unit}.service`,
    },
    { type: "service", name: unit, enabled: true, running: true },
  ];
}

/** RSA is what Salt understands. The private key never leaves the host; a public one that does not belong to it is made anew. */
function keyPair(name: "minion" | "master", folder: string, owner: string): CommandResource {
  const file = `${folder}/${name}`;
  return {
    type: "command",
    id: `${name}'s key pair`,
    check: `[ -s ${file}.pem ] && [ -s ${file}.pub ] || exit 1
# Salt 3008 renames the master's key and leaves a link.
[ "$(stat -L -c '%a %U' ${file}.pem)" = '400 ${owner}' ] || exit 1
openssl pkey -in ${file}.pem -pubout 2>/dev/null | cmp -s - ${file}.pub`,
    run: `set -e
umask 077
openssl pkey -in ${file}.pem -noout 2>/dev/null || {
  openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:${KEY_BITS} -out ${file}.new 2>/dev/null ||
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:${KEY_BITS} -out ${file}.new 2>/dev/null
  mv ${file}.new ${file}.pem
}
openssl pkey -in ${file}.pem -pubout -out ${file}.pub.new
mv ${file}.pub.new ${file}.pub
chown ${owner}:${owner} ${file}.pem ${file}.pub
chmod 0400 ${file}.pem
chmod 0644 ${file}.pub`,
  };
}

/** The key is accepted before the minion first asks. What another machine under the same name left is forgotten. */
function acceptKey(server: string, key: string): readonly Resource[] {
  const file = `${KEY_FOLDERS.accepted}/${server}`;
  return [
    {
      type: "command",
      id: `no other key of ${server} is accepted`,
      check: `[ ! -e ${file} ] || [ "$(cat ${file})" = ${quote(key)} ]`,
      run: forgetKeys(server),
      triggers: [END_SESSIONS],
    },
    { type: "file", path: file, content: `${key}\n`, owner: MASTER_USER, group: MASTER_USER },
    ...[KEY_FOLDERS.waiting, KEY_FOLDERS.rejected].map(
      (folder) => ({ type: "file", path: `${folder}/${server}`, state: "absent" }) as const,
    ),
  ];
}

/** The minion's own data, as the pillar `bootmachine`. */
function minionData({ server, data }: ConnectedMember): readonly Resource[] {
  const folder = `${DATA_HOSTS}/${server}`;
  return [
    { type: "directory", path: folder, mode: "0750", group: MASTER_USER },
    {
      type: "file",
      path: `${folder}/${DATA_FILE}`,
      mode: "0640",
      group: MASTER_USER,
      content: `${JSON.stringify(data, undefined, 2)}\n`,
    },
  ];
}

function reading(readings: Readings, name: string): string {
  const text = readings[name] ?? "";
  // It comes from a host, and ends in scripts and settings.
  if (/^-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/=]+\n)+-----END PUBLIC KEY-----$/.test(text))
    return text;
  throw new RemoteError("COMMAND_FAILED", `What was read as the ${name} is no public key in PEM.`, {
    output: text.split("\n").slice(0, 5),
  });
}
