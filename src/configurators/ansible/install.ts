import type { HostFacts } from "../../host/facts.ts";
import { quote } from "../../program/quote.ts";
import type { CommandResource, Resource } from "../../program/resource.ts";
import type { ConfiguratorContext } from "../contract.ts";
import type { AnsibleSettings } from "./options.ts";
import {
  CALLBACKS,
  INVENTORY,
  HOME,
  PIP_SETTINGS,
  REQUIREMENTS,
  SETTINGS,
  SETTINGS_FOLDER,
  VENV,
} from "./paths.ts";
import { defaultVersion, renderRequirements, whyNotOn } from "./python-packages.ts";
import { RESULT_PLUGIN, RESULT_PLUGIN_FILE } from "./result-plugin.ts";

/** The commands that people use by hand. */
const COMMANDS = [
  "ansible",
  "ansible-config",
  "ansible-console",
  "ansible-doc",
  "ansible-galaxy",
  "ansible-inventory",
  "ansible-playbook",
  "ansible-vault",
];

const INSTALL_SECONDS = 1200;

/**
 * Every server: Python, whole, because modules need more of it than python3-minimal, and what the package module needs
 * (it would install that by itself, unseen). The master: Ansible.
 */
export function installResources(
  { member }: ConfiguratorContext,
  settings: AnsibleSettings,
): readonly Resource[] {
  const python: Resource = {
    type: "package",
    id: "package python3",
    names: ["python3", ...(hasApt(member.facts) ? ["python3-apt"] : [])],
  };
  if (settings.from === "controller" || !member.isMaster) return [python];
  return [
    ...supported(member.facts, settings),
    python,
    { type: "directory", path: "/opt/bootmachine" },
    { type: "directory", path: HOME },
    { type: "directory", path: CALLBACKS },
    { type: "file", path: `${CALLBACKS}/${RESULT_PLUGIN_FILE}`, content: RESULT_PLUGIN },
    { type: "directory", path: SETTINGS_FOLDER },
    ...(settings.install === "venv" ? inEnvironment(member, settings) : fromDistro(member)),
    // After the distro's package, which may bring one of its own.
    { type: "file", path: SETTINGS, content: renderSettings(settings) },
  ];
}

export function hasApt({ osId, osIdLike }: HostFacts): boolean {
  return [osId, ...osIdLike].includes("debian");
}

/** Fails in a plan already, where pip would fail after everything else was done. */
function supported(facts: HostFacts, settings: AnsibleSettings): readonly Resource[] {
  if (settings.install !== "venv") return [];
  const reason = whyNotOn(facts, settings.version ?? defaultVersion(facts));
  if (reason === undefined) return [];
  return [
    {
      type: "command",
      id: "ansible supported",
      check: `echo ${quote(reason)}; false`,
      showCheckOutput: true,
    },
  ];
}

function fromDistro({ facts }: ConfiguratorContext["member"]): readonly Resource[] {
  // In Debian 11 ansible-core had no package of its own.
  const isOld = facts.osId === "debian" && Number(facts.osVersion) < 12;
  return [
    {
      type: "package",
      id: "package ansible",
      names: [isOld ? "ansible" : "ansible-core", "openssh-client"],
    },
  ];
}

function inEnvironment(
  { facts }: ConfiguratorContext["member"],
  settings: AnsibleSettings,
): readonly Resource[] {
  const version = settings.version ?? defaultVersion(facts);
  return [
    {
      type: "package",
      id: "package python3-venv",
      names: ["python3-venv", "openssh-client"],
    },
    { type: "file", path: REQUIREMENTS, content: renderRequirements(version) },
    ...(settings.index === undefined ? [] : [pipSettings(settings.index)]),
    environment(version, settings.index),
    ...COMMANDS.map((name): Resource => ({
      type: "symlink",
      path: `/usr/local/bin/${name}`,
      target: `${VENV}/bin/${name}`,
    })),
  ];
}

/** An index may hold a user and a password: it stands in no argument. */
function pipSettings(index: string): Resource {
  const { protocol, host } = new URL(index);
  const lines = [
    "# Written by bootmachine, and put back by it when it is changed.",
    "[global]",
    `index-url = ${index.replaceAll("%", "%%")}`,
    // Every file is held against its hash, so the way need not be trusted.
    ...(protocol === "http:" ? [`trusted-host = ${host}`] : []),
  ];
  return { type: "file", path: PIP_SETTINGS, content: `${lines.join("\n")}\n`, secret: true };
}

/**
 * The virtual environment. Its copy of the requirements is written last: one that was not finished is made anew, and so
 * is one whose Python went away with an upgrade of the distro.
 */
function environment(version: string, index: string | undefined): CommandResource {
  const settings = index === undefined ? "" : `PIP_CONFIG_FILE=${PIP_SETTINGS} `;
  return {
    type: "command",
    id: "ansible-core",
    check: `cmp -s ${REQUIREMENTS} ${VENV}/requirements.txt &&
[ "$(${VENV}/bin/python3 -I -c 'from ansible.release import __version__; print(__version__)' 2>/dev/null)" = ${version} ]`,
    run: `rm -rf ${VENV}
python3 -m venv ${VENV} &&
${settings}${VENV}/bin/python3 -m pip install --disable-pip-version-check --no-input --no-cache-dir --progress-bar off --only-binary :all: --requirement ${REQUIREMENTS} &&
cp ${REQUIREMENTS} ${VENV}/requirements.txt`,
    timeoutSeconds: INSTALL_SECONDS,
  };
}

/** For runs by hand in a tree that brings no ansible.cfg; all that a connection needs stands in the inventory. */
function renderSettings(settings: AnsibleSettings): string {
  return `# Written by bootmachine, and put back by it when it is changed. An ansible.cfg in your tree counts instead of this one.
[defaults]
inventory = ${INVENTORY}
forks = ${settings.forks}
host_key_checking = True
retry_files_enabled = False
`;
}
