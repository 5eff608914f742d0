import { quote } from "../../program/quote.ts";
import type { ConfiguratorCheck, ConfiguratorContext, Member, ServerData } from "../contract.ts";
import { knownHostsText, unknownFiles } from "./enroll.ts";
import { hasApt } from "./install.ts";
import type { AnsibleSettings } from "./options.ts";
import { EXPECTED_KEYS, inventoryFile, KEY, knownHostsFile, VENV } from "./paths.ts";

/** What is claimed of Ansible on one server. */
export function verifyChecks(
  { member, members }: ConfiguratorContext,
  settings: AnsibleSettings,
): readonly ConfiguratorCheck[] {
  const python = check(
    "python",
    "Python is there for Ansible's modules",
    `/usr/bin/python3 -I -c 'import ${hasApt(member.facts) ? "apt, " : ""}shutil' 2>&1`,
  );
  if (settings.from === "controller") return [python];
  if (!member.isMaster) return [python, account(member.data, settings)];
  const program = settings.install === "venv" ? `${VENV}/bin/ansible-playbook` : "ansible-playbook";
  // Another controller knows no keys of servers that it has not spoken to.
  const others = members.filter(({ isMaster, hostKeys }) => !isMaster && hostKeys.length > 0);
  return [
    python,
    check(
      "control",
      "Ansible and the master's own key are there",
      `command -v ${program} >/dev/null || { echo "there is no ${program}"; exit 1; }
[ -s ${KEY} ] || { echo "there is no key ${KEY}"; exit 1; }
[ -z "$(find ${KEY} \\( -perm /077 -o ! -user root \\))" ] || { echo "others than root can read ${KEY}"; exit 1; }`,
    ),
    check(
      "inventory",
      "the inventory and the pinned host keys on the master are those of the stack",
      `${unknownFiles(members)}
bm_bad=
[ -z "$bm_unknown" ] || bm_bad="nobody knows:$bm_unknown"
[ -s ${inventoryFile(member.server)} ] || bm_bad="there is no ${inventoryFile(member.server)}"
${others.map(hostKeysCheck).join("\n")}
[ -z "$bm_bad" ] || { echo "$bm_bad"; exit 1; }`,
    ),
  ];
}

/** Of a server that is enrolled: one that is not is not the master's fault. */
function hostKeysCheck(member: Member): string {
  const file = knownHostsFile(member.server);
  const wanted = quote(knownHostsText(member).trimEnd());
  return `[ ! -e ${inventoryFile(member.server)} ] || [ "$(cat ${file} 2>/dev/null)" = ${wanted} ] || bm_bad="${file} does not hold the pinned host keys"`;
}

/** The enroll step knows the master's key and has left a copy of the whole line where only root writes. */
function account(data: ServerData, { user }: AnsibleSettings): ConfiguratorCheck {
  const home = data.users.find(({ name }) => name === user)?.home ?? `/home/${user}`;
  return check(
    "account",
    `nothing but the master's key opens the account ${user}`,
    `[ -s ${EXPECTED_KEYS} ] || { echo "the master was never let in"; exit 1; }
cmp -s ${EXPECTED_KEYS} ${quote(`${home}/.ssh/authorized_keys`)} || { echo "authorized_keys of ${user} is not what enroll has written"; exit 1; }`,
  );
}

function check(id: string, title: string, script: string): ConfiguratorCheck {
  return {
    id,
    title,
    resource: { type: "command", id: `ansible ${id}`, check: script, showCheckOutput: true },
  };
}
