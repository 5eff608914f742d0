import type { Provider } from "../providers/contract.ts";
import type { Configurator } from "../configurators/contract.ts";
import type { Distro } from "../distros/contract.ts";
import type { ExpandedServer } from "./expand-servers.ts";
import type { ControllerIdentity } from "./identity.ts";
import { formatPublicKey, type PublicKey } from "./public-key.ts";
import type {
  OpeningInput,
  ServerSshInput,
  StackInput,
  UpgradesInput,
  UserInput,
} from "./stack-input.ts";
import type { Opening, Server, SshSettings, Stack, Upgrades, User } from "./stack.ts";
import type { Task } from "./task.ts";
import type { PathBase } from "./user-path.ts";
import { resolveUserPath } from "./user-path.ts";

/** The port that the old Python tool suggested, kept. */
export const DEFAULT_SSH_PORT = 2849;

export const DEFAULTS = {
  connectTimeoutSeconds: 10,
  readyTimeoutSeconds: 300,
  phaseTimeoutSeconds: 1_800,
  rollbackSeconds: 120,
  identity: "proven",
  locale: "C.UTF-8",
  timezone: "Etc/UTC",
  upgrades: { atBoot: "all", automatic: "security", reboot: "if-needed" },
  concurrency: 50,
} as const;

/** A config in which every rule holds, and what was found for it. */
export interface CheckedConfig {
  readonly input: StackInput;
  readonly configFile: string;
  readonly base: PathBase;
  readonly provider: Provider;
  readonly configurator: Configurator;
  readonly distros: readonly Distro[];
  readonly operator: string;
  readonly identity: ControllerIdentity;
  /** By the user's index. */
  readonly keys: ReadonlyMap<number, readonly PublicKey[]>;
  readonly servers: readonly ExpandedServer[];
}

function buildSsh(config: CheckedConfig, own: ServerSshInput | undefined): SshSettings {
  const { ssh } = config.input;
  const pick = <K extends keyof ServerSshInput>(key: K): ServerSshInput[K] =>
    own?.[key] ?? ssh?.[key];
  const seconds = (
    key:
      | "connectTimeoutSeconds"
      | "readyTimeoutSeconds"
      | "phaseTimeoutSeconds"
      | "rollbackSeconds",
  ): number => (pick(key) ?? DEFAULTS[key]) * 1_000;
  const configFile = ssh?.configFile;
  return {
    port: pick("port") ?? DEFAULT_SSH_PORT,
    identityFile: config.identity.identityFile,
    publicKey: config.identity.publicKey,
    jumpHost: pick("jumpHost"),
    configFile:
      configFile === undefined || configFile === "none"
        ? configFile
        : resolveUserPath(configFile, config.base),
    connectTimeoutMs: seconds("connectTimeoutSeconds"),
    readyTimeoutMs: seconds("readyTimeoutSeconds"),
    phaseTimeoutMs: seconds("phaseTimeoutSeconds"),
    rollbackMs: seconds("rollbackSeconds"),
    identity: pick("identity") ?? DEFAULTS.identity,
  };
}

function buildUpgrades(own: UpgradesInput | undefined, stack: UpgradesInput | undefined): Upgrades {
  return {
    atBoot: own?.atBoot ?? stack?.atBoot ?? DEFAULTS.upgrades.atBoot,
    automatic: own?.automatic ?? stack?.automatic ?? DEFAULTS.upgrades.automatic,
    reboot: own?.reboot ?? stack?.reboot ?? DEFAULTS.upgrades.reboot,
  };
}

function buildOpening(input: OpeningInput): Opening {
  return {
    // "8080" is the port 8080; a text that stays one is a range.
    port:
      typeof input.port === "string" && /^\d+$/.test(input.port) ? Number(input.port) : input.port,
    protocol: input.protocol ?? "tcp",
    from: input.from,
    roles: input.roles ?? [],
  };
}

function buildUser(input: UserInput, keys: readonly PublicKey[]): User {
  const lines = new Map<string, string>();
  for (const key of keys) {
    const identity = `${key.type} ${key.base64}`;
    if (!lines.has(identity)) lines.set(identity, formatPublicKey(key));
  }
  return {
    name: input.name,
    fullName: input.fullName,
    uid: input.uid,
    gid: input.gid,
    groups: input.groups ?? [],
    shell: input.shell,
    keys: [...lines.values()],
    sudo: input.sudo ?? "no",
    passwordHash: input.passwordHash,
    hasToolKeys: false,
  };
}

/** The accounts that the configurator logs in with, as users of the stack; what the config declares by the same name counts. */
function withToolAccounts(users: readonly User[], configurator: Configurator): readonly User[] {
  const accounts = configurator.accounts ?? [];
  const own = accounts.filter(({ name }) => users.every((user) => user.name !== name));
  return [
    ...users.map((user) =>
      accounts.some(({ name }) => name === user.name) ? { ...user, hasToolKeys: true } : user,
    ),
    ...own.map(({ name, sudo }): User => ({
      name,
      fullName: undefined,
      uid: undefined,
      gid: undefined,
      groups: [],
      shell: undefined,
      keys: [],
      sudo,
      passwordHash: undefined,
      hasToolKeys: true,
    })),
  ];
}

function buildTasks(input: StackInput["tasks"]): Readonly<Record<string, Task>> {
  return Object.fromEntries(
    Object.entries(input ?? {}).map(([name, task]) => [
      name,
      typeof task === "function" ? { description: "", run: task } : task,
    ]),
  );
}

/** Fills in the defaults. Pure. */
export function buildStack(config: CheckedConfig): Stack {
  const { input } = config;
  const openings = (input.firewall ?? []).map(buildOpening);
  const locale = input.locale ?? DEFAULTS.locale;
  const timezone = input.timezone ?? DEFAULTS.timezone;
  const servers: Server[] = config.servers.map(({ name, index }) => {
    const server = input.servers[index];
    const roles = server?.roles ?? [];
    const shared = openings.filter(
      (opening) => opening.roles.length === 0 || opening.roles.some((role) => roles.includes(role)),
    );
    return {
      name,
      roles,
      image: server?.image,
      size: server?.size,
      distro: server?.distro,
      ssh: buildSsh(config, server?.ssh),
      locale: server?.locale ?? locale,
      timezone: server?.timezone ?? timezone,
      upgrades: buildUpgrades(server?.upgrades, input.upgrades),
      firewall: [...shared, ...(server?.firewall ?? []).map(buildOpening)],
    };
  });
  return {
    name: input.name,
    configFile: config.configFile,
    directory: config.base.directory,
    provider: config.provider,
    configurator: config.configurator,
    distros: config.distros,
    master: input.master,
    ssh: buildSsh(config, undefined),
    operator: config.operator,
    users: withToolAccounts(
      input.users.map((user, index) => buildUser(user, config.keys.get(index) ?? [])),
      config.configurator,
    ),
    groups: (input.groups ?? []).map((group) => ({ name: group.name, gid: group.gid })),
    firewall: openings,
    locale,
    timezone,
    upgrades: buildUpgrades(undefined, input.upgrades),
    servers,
    concurrency: input.concurrency ?? DEFAULTS.concurrency,
    tasks: buildTasks(input.tasks),
  };
}
