import { dirname } from "node:path";

import { isBootmachineError, type ProblemRecord, UserError } from "../errors/error.ts";
import type { Provider, WishProblem } from "../providers/contract.ts";
import { buildStack, DEFAULT_SSH_PORT } from "./build-stack.ts";
import type { Configurator } from "../configurators/contract.ts";
import { checkShape, unsetProblem } from "./check-shape.ts";
import { findCodePlace, makeCodeError } from "./code-failure.ts";
import type { Draft } from "./draft.ts";
import type { Environment } from "./environment.ts";
import { type ExpandedServer, expandServers } from "./expand-servers.ts";
import { findConfig } from "./find-config.ts";
import { findIdentity } from "./identity.ts";
import { loadDocument } from "./load-document.ts";
import { loadModule, type RawConfig } from "./load-module.ts";
import type { PluginRegistry } from "./plugin-registry.ts";
import { type Problem, recordProblems, type ReportProblem } from "./problem.ts";
import { readAllKeys } from "./read-keys.ts";
import { resolvePlugins } from "./resolve-plugins.ts";
import { checkFirewall } from "./rules/firewall-rules.ts";
import {
  checkMaster,
  checkNamedRoles,
  checkRolesOfTool,
  checkServerDistros,
  checkServers,
} from "./rules/server-rules.ts";
import { checkSettings } from "./rules/setting-rules.ts";
import { checkGroups, checkOperator, checkUsers } from "./rules/user-rules.ts";
import type { StackInput } from "./stack-input.ts";
import type { Stack } from "./stack.ts";
import { makePathBase } from "./user-path.ts";
import { imageWishSchema, sizeWishSchema } from "./schema/wish-schema.ts";

export interface LoadStackOptions {
  /** Where the search for a config file begins, absolute. */
  readonly cwd: string;
  /** Names the config file instead; relative to `cwd`. */
  readonly configPath?: string;
  /** The environment that the config may read. */
  readonly env: Environment;
  /** Plug-ins that a config may call by name. */
  readonly plugins: PluginRegistry;
  /** Public key lines of ssh-agent; absent: there is no agent. Asked only where the config names no key file. */
  readonly agentKeys?: () => Promise<readonly string[]>;
}

const isDocument = (file: string): boolean => /\.(ya?ml|json)$/.test(file);

function checkMachines(
  provider: Provider | undefined,
  servers: readonly ExpandedServer[],
  /** What the stack says for all servers. */
  ssh: Draft<StackInput>["ssh"],
  report: ReportProblem,
): void {
  if (provider === undefined) return;
  const told = new Set<string>();
  for (const { name, index, input } of servers) {
    // A wish of which a part was wrong has been told, and is none.
    const image = imageWishSchema.safeParse(input.image).data;
    const size = sizeWishSchema.safeParse(input.size).data;
    const problems = provider.check({
      server: name,
      roles: (input.roles ?? []).filter((role) => role !== undefined),
      identity: input.ssh?.identity ?? ssh?.identity ?? "proven",
      ...(image === undefined ? {} : { image }),
      ...(size === undefined ? {} : { size }),
    });
    for (const { about, message } of problems) {
      // Alike servers of one entry have alike problems.
      if (told.has(`${index} ${message}`)) continue;
      told.add(`${index} ${message}`);
      // What the provider's own options say for all servers stands in no entry.
      const isOwn = about !== "server" && { image, size }[about] !== undefined;
      const hint = listHint(about, provider);
      report({
        path: ["servers", index, ...(isOwn ? [about] : [])],
        message,
        ...(hint === undefined ? {} : { hint }),
      });
    }
  }
}

/** Where the list is of what a problem is about; undefined: there is none. */
function listHint(about: WishProblem["about"], { capabilities }: Provider): string | undefined {
  if (about === "server" || !capabilities[`${about}s`]) return undefined;
  return "`bootmachine images` and `bootmachine sizes` list what there is.";
}

/**
 * Finds, reads and checks a config, and fills in its defaults. Nothing but files is read: no network,
 * no program.
 *
 * @throws UserError CONFIG_NOT_FOUND, CONFIG_UNREADABLE, CONFIG_CODE_FAILED; CONFIG_INVALID with every broken
 *   rule in `problems`; KEY_UNUSABLE where the only problem is the controller's key.
 */
export async function loadStack(options: LoadStackOptions): Promise<Stack> {
  const configFile = await findConfig(options.cwd, options.configPath);
  const raw = isDocument(configFile)
    ? await loadDocument(configFile, options.env)
    : await loadModule(configFile, options.env);
  const problems: Problem[] = [];
  let stack: Stack | undefined;
  try {
    stack = await checkConfig(raw, configFile, options, (problem) => problems.push(problem));
  } catch (thrown) {
    // A getter of the user's, or a plug-in of theirs: the user's code, while we looked at it.
    if (isBootmachineError(thrown) || findCodePlace(thrown, configFile) === undefined) throw thrown;
    throw makeCodeError(thrown, configFile);
  }
  const placed = raw.problems ?? [];
  if (stack !== undefined && problems.length === 0 && placed.length === 0) return stack;
  throw await makeProblemsError(problems, placed, configFile);
}

async function checkConfig(
  raw: RawConfig,
  configFile: string,
  options: LoadStackOptions,
  report: ReportProblem,
): Promise<Stack | undefined> {
  const told = new Set<string>();
  const brokenKeys = new Set<number>();
  let count = 0;
  const note: ReportProblem = (problem) => {
    count++;
    const [list, index, key] = problem.path;
    if (list === "users" && key === "keys" && typeof index === "number") brokenKeys.add(index);
    for (const name of raw.unset)
      if (problem.message === unsetProblem(name).message) told.add(name);
    report(problem);
  };
  const hasValue = raw.value !== undefined || raw.unset.length === 0;
  const draft: Draft<StackInput> = hasValue ? checkShape(raw.value, note, raw.fromVariables) : {};
  for (const name of raw.unset) if (!told.has(name)) note({ path: [], ...unsetProblem(name) });
  if (!hasValue) return undefined;

  const base = makePathBase(dirname(configFile), options.env);
  const servers = expandServers(draft.servers);
  // Rules that say "there is none" hold only where everything that might be one could be read.
  const hasAllServers =
    draft.servers !== undefined && draft.servers.every((one) => one?.name !== undefined);
  const hasAllRoles =
    hasAllServers && draft.servers.every((one) => one?.roles?.includes(undefined) !== true);
  const hasAllUsers =
    draft.users !== undefined && draft.users.every((one) => one?.name !== undefined);

  const [plugins, keys] = await Promise.all([
    resolvePlugins(draft, {
      registry: options.plugins,
      directory: base.directory,
      environment: options.env,
      report: note,
    }),
    readAllKeys(draft, base, note),
  ]);
  checkServers(draft, servers, note);
  const withTool = { ...draft, configurator: plugins.configurator };
  checkMaster(withTool, servers, hasAllServers, note);
  checkNamedRoles(withTool, hasAllRoles, note);
  checkRolesOfTool(withTool, note);
  checkServerDistros(
    draft,
    plugins.distros.map((distro) => distro.name),
    note,
  );
  checkGroups(draft, note);
  checkUsers(draft, note);
  const operator = checkOperator(draft, hasAllUsers, note);
  checkFirewall(draft, DEFAULT_SSH_PORT, hasAllRoles, note);
  checkSettings(draft, note);
  checkMachines(plugins.provider, servers, draft.ssh, note);
  await checkConfiguratorFiles(plugins.configurator, base.directory, note);

  const operatorKeys = operator === undefined ? undefined : (keys.get(operator.index) ?? []);
  const operatorName = operator?.user.name;
  const isWithoutKeys =
    operator !== undefined && (operator.user.keys ?? []).length === 0 && operatorName !== undefined;
  if (isWithoutKeys) {
    note({
      path: ["users", operator.index, "keys"],
      message: `the operator ${operatorName} has no key`,
      hint: 'Give at least one public key, such as "~/.ssh/id_ed25519.pub": the controller logs in with it.',
    });
  }
  // Whether the operator has the controller's key is known only where all its keys could be read.
  const hasWholeKeys = operator !== undefined && !isWithoutKeys && !brokenKeys.has(operator.index);
  const identity = await findIdentity({
    ssh: draft.ssh,
    base,
    operator:
      hasWholeKeys && operatorName !== undefined && operatorKeys !== undefined
        ? { name: operatorName, path: ["users", operator.index], keys: operatorKeys }
        : undefined,
    agentKeys: options.agentKeys ?? (() => Promise.resolve([])),
    report: note,
  });
  if (count > 0) return undefined;
  if (
    identity === undefined ||
    operatorName === undefined ||
    plugins.provider === undefined ||
    plugins.configurator === undefined
  ) {
    return undefined;
  }
  return buildStack({
    input: draft as StackInput,
    configFile,
    base,
    provider: plugins.provider,
    configurator: plugins.configurator,
    distros: plugins.distros,
    operator: operatorName,
    identity,
    keys,
    servers,
  });
}

/** What the configurator finds wrong with the user's tree, told with everything else. */
async function checkConfiguratorFiles(
  configurator: Configurator | undefined,
  directory: string,
  report: ReportProblem,
): Promise<void> {
  for (const { path, message, hint } of (await configurator?.check?.(directory)) ?? []) {
    report({
      path: ["configurator", ...path],
      message,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

async function makeProblemsError(
  problems: readonly Problem[],
  placed: readonly ProblemRecord[],
  configFile: string,
): Promise<UserError> {
  // Only a broken config pays for finding the lines.
  const { openLocator } = await import("./open-locator.ts");
  const found = recordProblems(problems, configFile, await openLocator(configFile));
  const records = [...placed, ...found].toSorted(
    (a, b) => (a.line ?? Number.MAX_SAFE_INTEGER) - (b.line ?? Number.MAX_SAFE_INTEGER),
  );
  const isKeyAlone =
    placed.length === 0 &&
    problems.length > 0 &&
    problems.every((problem) => problem.isAboutIdentity === true);
  const [first] = records;
  if (isKeyAlone && first !== undefined) {
    return new UserError("KEY_UNUSABLE", first.message, { hint: first.hint, problems: records });
  }
  const many = records.length === 1 ? "1 problem" : `${records.length} problems`;
  return new UserError("CONFIG_INVALID", `The config ${configFile} has ${many}.`, {
    problems: records,
  });
}
