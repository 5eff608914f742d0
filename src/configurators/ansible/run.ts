import { resolve } from "node:path";

import { quote } from "../../program/quote.ts";
import type { ConfiguratorContext, Member, ToolRun } from "../contract.ts";
import {
  type Connection,
  connectionFromController,
  renderInventory,
  renderOthers,
} from "./inventory.ts";
import type { AnsibleSettings } from "./options.ts";
import { CALLBACKS, INVENTORY, VENV } from "./paths.ts";
import { parseResult } from "./parse-result.ts";
import { RESULT_PLUGIN, RESULT_PLUGIN_FILE } from "./result-plugin.ts";

/** One run of the playbook for all members that are ready. */
export function toolRun(
  contexts: readonly ConfiguratorContext[],
  settings: AnsibleSettings,
): ToolRun | undefined {
  const [first] = contexts;
  if (first === undefined) return undefined;
  const servers = contexts.map(({ member }) => member.server);
  const common = {
    title: `ansible-playbook ${settings.playbook}`,
    parse: (output) => parseResult(output, servers),
  } satisfies Partial<ToolRun>;
  if (settings.from === "master") {
    const program =
      settings.install === "venv" ? `${VENV}/bin/ansible-playbook` : "ansible-playbook";
    return {
      ...common,
      on: "master",
      script: `control=$(mktemp -d /run/bootmachine-ansible.XXXXXX) || exit 1
trap 'rm -rf "$control"' EXIT
trap 'exit 143' HUP INT TERM
cd ${quote(settings.remoteDir)} || exit 1
${environment(CALLBACKS)}
${command(program, INVENTORY, servers, settings)}
${CLOSE_CONNECTIONS}`,
    };
  }
  const { controller } = first;
  const connectionOf = (member: Member): Connection =>
    connectionFromController(member, controller.sshConfigFile);
  return {
    ...common,
    on: "controller",
    files: [
      { path: `callback_plugins/${RESULT_PLUGIN_FILE}`, content: RESULT_PLUGIN },
      ...contexts.map(({ member }) => ({
        path: `inventory/${member.server}.yml`,
        content: renderInventory(member, connectionOf(member)),
      })),
      {
        // No server is called so.
        path: "inventory/_others.yml",
        content: renderOthers(
          first.members.filter(({ server }) => !servers.includes(server)),
          first.member.data,
          connectionOf,
        ),
      },
    ],
    script: `if ! command -v ansible-playbook >/dev/null; then
  echo 'ansible-playbook is not installed on this computer: install ansible-core, or set from: "master".' >&2
  exit 127
fi
folder=$PWD
control=$folder/c
cd ${quote(resolve(controller.directory, settings.tree))} || exit 1
${environment('"$folder/callback_plugins"')}
${command("ansible-playbook", '"$folder/inventory"', servers, settings)}
${CLOSE_CONNECTIONS}`,
  };
}

/**
 * Ansible keeps connections for the tasks to come, and for a minute after them, under a name made of host, port and user: the next
 * run would go on with one to a machine that is gone, or to a server of another stack that has the same name. So that a run has its
 * own alone, they lie in a folder of its own, `$control`, and are closed at its end.
 */
const CLOSE_CONNECTIONS = `status=$?
for socket in "$control"/*; do
  [ ! -S "$socket" ] || ssh -F /dev/null -o ControlPath="$socket" -O exit bootmachine 2>/dev/null
done
exit "$status"`;

/**
 * Shell text, in the tree: plain text, in a language that Ansible accepts. A tree's own ansible.cfg counts for everything else,
 * its folders of callback plug-ins too, which Ansible would forget for ours. `callbacks` is a word of shell.
 */
function environment(callbacks: string): string {
  return `theirs=$(sed -n 's/^callback_plugins[[:space:]]*[=:][[:space:]]*//p' ansible.cfg 2>/dev/null | sed 's/[[:space:]][;#].*//' | tail -n 1)
LC_ALL=C.UTF-8
ANSIBLE_NOCOLOR=1
ANSIBLE_FORCE_COLOR=0
ANSIBLE_DISPLAY_SKIPPED_HOSTS=0
ANSIBLE_CALLBACK_PLUGINS=${callbacks}\${ANSIBLE_CALLBACK_PLUGINS:+:$ANSIBLE_CALLBACK_PLUGINS}\${theirs:+:$theirs}
ANSIBLE_SSH_CONTROL_PATH_DIR=$control
export LC_ALL ANSIBLE_NOCOLOR ANSIBLE_FORCE_COLOR ANSIBLE_DISPLAY_SKIPPED_HOSTS ANSIBLE_CALLBACK_PLUGINS ANSIBLE_SSH_CONTROL_PATH_DIR`;
}

/** `inventory` is a word of shell already. */
function command(
  program: string,
  inventory: string,
  servers: readonly string[],
  settings: AnsibleSettings,
): string {
  return [
    program,
    `--inventory ${inventory}`,
    // Plays for localhost are part of a playbook, and a limit would leave them out without a word.
    `--limit ${quote([...servers, "localhost"].join(","))}`,
    `--forks ${settings.forks}`,
    ...(settings.diff ? ["--diff"] : []),
    quote(settings.playbook),
  ].join(" ");
}
