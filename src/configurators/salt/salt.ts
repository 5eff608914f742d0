import { parsePluginOptions } from "../../stack/plugin-options.ts";
import { readSigningKey, requireKeyText } from "../../stack/signing-key.ts";
import type { Configurator, Member, Tree } from "../contract.ts";
import { checkTrees } from "./check-trees.ts";
import { enrollSteps } from "./enroll-steps.ts";
import { installResources } from "./install-resources.ts";
import { LIST_KEYS, parseKeys } from "./key-list.ts";
import { type SaltOptions, saltOptionsSchema, type SaltSettings } from "./options.ts";
import { MASTER_UNIT, MASTER_USER, MINION_UNIT, PUBLISH_PORT, REQUEST_PORT } from "./paths.ts";
import type { SigningKey } from "./repository.ts";
import { revokeKeyResources, revokeResources } from "./revoke.ts";
import { toolChecks } from "./tool-checks.ts";
import { toolRun } from "./tool-run.ts";

/**
 * Salt with a master and a minion on every server, the master's included. Keys are made on their own hosts and carried over ssh;
 * nothing is ever accepted on trust.
 *
 * @throws UserError CONFIG_INVALID for options that break the schema.
 */
export function salt(options: SaltOptions = {}): Configurator {
  const settings = parsePluginOptions("configurator", "salt", saltOptionsSchema, options);
  // A key that is given as a file is read by `check`, which knows the config's folder and comes before all else.
  let key: SigningKey | undefined = settings.repository?.key;
  return {
    kind: "configurator",
    apiVersion: 1,
    name: "salt",
    topology: "agent",
    masterPorts: [
      { port: PUBLISH_PORT, protocol: "tcp", comment: "salt: orders to minions" },
      { port: REQUEST_PORT, protocol: "tcp", comment: "salt: minions log in and answer" },
    ],
    minimumMemoryMb: MINIMUM_MEMORY_MB,
    starterKit: new URL("starter-kit/", import.meta.url),
    async check(directory) {
      const problems = await checkTrees(settings, directory);
      if (typeof settings.repository?.key !== "string") return problems;
      const read = await readSigningKey(
        settings.repository.key,
        directory,
        "Give an armoured OpenPGP public key (`gpg --armor --export`), or a file that holds one, which counts from the config's folder, or { url, fingerprint }.",
      );
      if ("problem" in read) return [...problems, read.problem];
      key = read.text;
      return problems;
    },
    install(context) {
      if (typeof key === "string") requireKeyText(key);
      return installResources(settings, key, context);
    },
    enroll: enrollSteps,
    trees: () => trees(settings),
    // The minions' data is at the master since they enrolled: nothing there has to wait for the master's own run.
    configure: () => [],
    run: ([context]) => (context === undefined ? undefined : toolRun(context, settings)),
    verify: toolChecks,
    agents: { script: LIST_KEYS, parse: parseKeys },
    revoke: revokeResources,
    revokeKey: revokeKeyResources,
    restart,
  };
}

/**
 * Salt 3008.5 measured: the master takes 260 MB (its processes' own share), a minion 80, a highstate 120 more while it lasts. A
 * virtual machine of 1 GB, or of 512 MB, says that it has a little less.
 */
const MINIMUM_MEMORY_MB = { master: 800, agent: 400 } as const;

/** Names of files that hold secrets, for everybody's states; `modes` of the options comes after them and wins. */
const SECRET_MODES: Readonly<Record<string, string>> = {
  "**/*.{pem,key}": "0640",
  "**/id_{rsa,ecdsa,ed25519}": "0640",
};

function trees(settings: SaltSettings): readonly Tree[] {
  // The master reads them as its own user, and nobody else needs to.
  const shared = { on: "master", owner: "root", group: MASTER_USER } as const;
  return [
    {
      ...shared,
      name: "states",
      local: settings.states,
      remote: settings.remoteStatesDir,
      modes: { ...SECRET_MODES, ...settings.modes },
    },
    {
      ...shared,
      name: "pillars",
      local: settings.pillars,
      remote: settings.remotePillarsDir,
      modes: { "**": "0640" },
    },
  ];
}

function restart({ isMaster }: Member): string {
  return [...(isMaster ? [MASTER_UNIT] : []), MINION_UNIT]
    .map((unit) => `systemctl restart ${unit}`)
    .join(" && ");
}
