import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";

import { parsePluginOptions } from "../../stack/plugin-options.ts";
import type { Configurator, ConfiguratorProblem, Tree } from "../contract.ts";
import { enrollSteps, forgetResources, inventoryResource } from "./enroll.ts";
import { installResources } from "./install.ts";
import { roleProblems } from "./inventory.ts";
import { type AnsibleOptions, ansibleOptionsSchema, type AnsibleSettings } from "./options.ts";
import { toolRun } from "./run.ts";
import { verifyChecks } from "./verify.ts";

/** Names of files that hold secrets, for everybody's trees; `modes` of the options comes after them and wins. */
const SECRET_MODES: Readonly<Record<string, string>> = {
  "**/*{vault,secret}*": "0600",
  "**/*{vault,secret}*/**": "0600",
  "**/*.{pem,key}": "0600",
  "**/id_{rsa,ecdsa,ed25519}": "0600",
};

const MASTER_MEMORY_MB = 400;
/** So many servers at a time are in the figure above. */
const FORKS_INCLUDED = 10;
const FORK_MEMORY_MB = 50;

/** Ansible never starts more processes than it has servers to work on. */
function masterMemoryMb({ forks }: AnsibleSettings, members: number): number {
  const further = Math.max(0, Math.min(forks, members) - FORKS_INCLUDED);
  return MASTER_MEMORY_MB + further * FORK_MEMORY_MB;
}

/**
 * Ansible: by ssh from the master to the other servers, or from the operator's computer; nothing stays running anywhere.
 *
 * The master has a key pair of its own and logs in as an account made for that; host keys are the pinned ones. Roles are
 * inventory groups, and each server's secure state is its variable `bootmachine`.
 *
 * @throws UserError CONFIG_INVALID for options that break the schema.
 */
export function ansible(options: AnsibleOptions = {}): Configurator {
  const settings = parsePluginOptions("configurator", "ansible", ansibleOptionsSchema, options);
  const isFromMaster = settings.from === "master";
  return {
    kind: "configurator",
    apiVersion: 1,
    name: "ansible",
    topology: "push",
    needsMaster: isFromMaster,
    // By ssh, which the baseline has opened.
    masterPorts: [],
    minimumMemoryMb: { master: isFromMaster ? MASTER_MEMORY_MB : 0, agent: 0 },
    ...(isFromMaster ? { masterMemoryMb: (members) => masterMemoryMb(settings, members) } : {}),
    accounts: isFromMaster ? [{ name: settings.user, sudo: "nopasswd" }] : [],
    starterKit: new URL("./starter-kit/", import.meta.url),
    check: (directory) => findProblems(settings, directory),
    checkRoles: roleProblems,
    install: (context) => installResources(context, settings),
    enroll: (context) => enrollSteps(context, settings),
    trees: () => [treeOf(settings)],
    configure: (context) =>
      isFromMaster
        ? [
            {
              on: "master",
              title: `the inventory of ${context.member.server}`,
              resources: () => [inventoryResource(context, settings)],
            },
          ]
        : [],
    run: (contexts) => toolRun(contexts, settings),
    verify: (context) => verifyChecks(context, settings),
    ...(isFromMaster ? { revoke: forgetResources } : {}),
  };
}

function treeOf(settings: AnsibleSettings): Tree {
  return {
    name: "playbooks",
    local: settings.tree,
    remote: settings.remoteDir,
    on: settings.from,
    modes: { ...SECRET_MODES, ...settings.modes },
  };
}

async function findProblems(
  { tree, playbook }: AnsibleSettings,
  directory: string,
): Promise<readonly ConfiguratorProblem[]> {
  const folder = resolve(directory, tree);
  if (!(await isA("folder", folder))) {
    return [
      {
        path: ["tree"],
        message: `there is no folder ${folder}`,
        hint: "`bootmachine init --configurator ansible` makes one, with a playbook that keeps the secure state.",
      },
    ];
  }
  return (await isA("file", join(folder, playbook)))
    ? []
    : [{ path: ["playbook"], message: `there is no file ${join(folder, playbook)}` }];
}

async function isA(kind: "file" | "folder", path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return kind === "file" ? found?.isFile() === true : found?.isDirectory() === true;
}
