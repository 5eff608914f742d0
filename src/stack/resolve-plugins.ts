import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { isPlain } from "./check-shape.ts";
import type { Draft } from "./draft.ts";
import type { Environment } from "./environment.ts";
import { importFrom } from "./import-natively.ts";
import type { PluginFactory, PluginKind, PluginKinds, PluginRegistry } from "./plugin-registry.ts";
import type { ConfigPath, Problem, ReportProblem } from "./problem.ts";
import { reportIssues, WITHOUT_ZODS_WORDS } from "./schema-issues.ts";
import type { StackInput } from "./stack-input.ts";
import { suggestWord } from "./suggest.ts";

/** The methods that make a plug-in whole; `true` on the right would be a data field. */
const METHODS: Readonly<Record<PluginKind, readonly string[]>> = {
  provider: [
    "observe",
    "list",
    "ensure",
    "identity",
    "destroy",
    "reboot",
    "console",
    "images",
    "sizes",
    "check",
  ],
  configurator: ["install", "enroll", "trees", "configure", "run", "verify"],
  distro: ["matches", "operations", "repository", "sshServer", "firewall"],
};

export interface PluginResolver {
  readonly registry: PluginRegistry;
  /** The config file's directory: packages of plug-ins are looked up from there. */
  readonly directory: string;
  /** What plug-ins may look up. */
  readonly environment: Environment;
  readonly report: ReportProblem;
}

const article = (kind: PluginKind): string => `a ${kind}`;

/** Checks a plug-in that was given by value. */
function checkPlugin<K extends PluginKind>(
  kind: K,
  value: Readonly<Record<string, unknown>>,
  path: ConfigPath,
  report: ReportProblem,
): PluginKinds[K] | undefined {
  const name = typeof value["name"] === "string" ? `"${value["name"]}"` : "it";
  if (value["kind"] !== kind) {
    report({
      path,
      message: `must be ${article(kind)}, and ${name} is of the kind ${JSON.stringify(value["kind"])}`,
    });
    return undefined;
  }
  if (value["apiVersion"] !== 1) {
    report({
      path,
      message: `${name} is made for version ${JSON.stringify(value["apiVersion"])} of the plug-in contract; this bootmachine has version 1`,
      hint: "Install versions of both that belong together.",
    });
    return undefined;
  }
  const missing = METHODS[kind].filter((method) => typeof value[method] !== "function");
  if (typeof value["name"] !== "string" || missing.length > 0) {
    report({
      path,
      message: `${name} is no whole ${kind}: it lacks ${[...(typeof value["name"] === "string" ? [] : ["name"]), ...missing].join(", ")}`,
    });
    return undefined;
  }
  return value as unknown as PluginKinds[K];
}

function isFactory(value: unknown): value is PluginFactory {
  return (
    typeof value === "object" &&
    value !== null &&
    "create" in value &&
    typeof value.create === "function"
  );
}

/** A plug-in package that is not built in, looked up from the config's directory. */
async function importFactory<K extends PluginKind>(
  kind: K,
  name: string,
  path: ConfigPath,
  resolver: PluginResolver,
): Promise<PluginFactory<K> | undefined> {
  const unknown = (): undefined => {
    resolver.report({
      path,
      message: `there is no ${kind} "${name}"`,
      hint: `${suggestWord(name, resolver.registry.names(kind), `${kind}s`)} Others are packages, named in full: install one beside the config.`,
    });
    return undefined;
  };
  // A short word is a misspelt built-in one; packages have a hyphen, a scope or a path.
  if (!/^(@[\w.-]+\/)?[\w.-]+(\/[\w./-]+)?$/.test(name) && !/^\.{1,2}\//.test(name))
    return unknown();
  let module: Readonly<Record<string, unknown>>;
  try {
    module = await importFrom(
      pathToFileURL(join(resolver.directory, "bootmachine.config.js")).href,
      name,
    );
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    if (code === "ERR_MODULE_NOT_FOUND" && message.includes(`'${name}'`)) return unknown();
    resolver.report({
      path,
      message: `the package "${name}" could not be loaded: ${message.split("\n")[0]}`,
    });
    return undefined;
  }
  const factory = module["plugin"] ?? module["default"];
  if (!isFactory(factory) || factory.kind !== kind) {
    resolver.report({
      path,
      message: `the package "${name}" exports no ${kind}`,
      hint: "It must export `plugin` with kind, name, options and create.",
    });
    return undefined;
  }
  return factory as PluginFactory<K>;
}

interface Thrown {
  readonly problems?: readonly {
    readonly path: string;
    readonly message: string;
    readonly hint?: string;
  }[];
}

async function createByName<K extends PluginKind>(
  kind: K,
  name: string,
  options: Readonly<Record<string, unknown>>,
  path: ConfigPath,
  resolver: PluginResolver,
): Promise<PluginKinds[K] | undefined> {
  const namePath = Object.keys(options).length === 0 ? path : [...path, "name"];
  const factory =
    (await resolver.registry.load(kind, name)) ??
    (await importFactory(kind, name, namePath, resolver));
  if (factory === undefined) return undefined;
  let checked: unknown = options;
  if (factory.options === undefined) {
    for (const key of Object.keys(options)) {
      resolver.report({
        path: [...path, key],
        message: "is not an option",
        hint: `The ${kind} "${name}" has no options.`,
        isAboutKey: true,
      });
    }
    if (Object.keys(options).length > 0) return undefined;
  } else {
    const parsed = factory.options.safeParse(options, WITHOUT_ZODS_WORDS);
    if (!parsed.success) {
      reportIssues(factory.options, parsed.error.issues, options, path, resolver.report);
      return undefined;
    }
    checked = parsed.data;
  }
  try {
    return factory.create(checked as never, resolver.environment);
  } catch (thrown) {
    const given = (thrown as Thrown).problems ?? [];
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    const problems: readonly Problem[] =
      given.length === 0
        ? [{ path, message }]
        : given.map((one) => ({
            path: [...path, ...one.path.split(/[.[\]]+/).filter((part) => part !== "")],
            message: one.message,
            ...(one.hint === undefined ? {} : { hint: one.hint }),
          }));
    for (const problem of problems) resolver.report(problem);
    return undefined;
  }
}

/** `{ existing: { hosts: … } }`: the name stands as a key. The way out is the form that was meant. */
function nameAsKey(value: unknown, known: readonly string[]): string | undefined {
  if (!isPlain(value) || Array.isArray(value)) return undefined;
  const [[name, options] = ["", undefined], ...more] = Object.entries(value);
  if (more.length > 0 || !known.includes(name)) return undefined;
  const keys = isPlain(options) && !Array.isArray(options) ? Object.keys(options) : [];
  return `Write { ${[`name: ${name}`, ...keys.map((key) => `${key}: …`)].join(", ")} }.`;
}

/** Makes a plug-in of what stands in the config: the object itself, a name, or a name with options. */
async function resolvePlugin<K extends PluginKind>(
  kind: K,
  value: unknown,
  path: ConfigPath,
  resolver: PluginResolver,
): Promise<PluginKinds[K] | undefined> {
  if (value === undefined) return undefined;
  if (typeof value === "string") return createByName(kind, value, {}, path, resolver);
  if (typeof value === "function") {
    const name = value.name === "" ? kind : value.name;
    resolver.report({
      path,
      message: `is a function; the ${kind} is what it returns`,
      hint: `Call it: ${name}().`,
    });
    return undefined;
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const object = value as Readonly<Record<string, unknown>>;
    if ("kind" in object || !isPlain(value))
      return checkPlugin(kind, object, path, resolver.report);
    const { name, ...options } = object;
    if (typeof name === "string") return createByName(kind, name, options, path, resolver);
  }
  const known = resolver.registry.names(kind);
  const named = nameAsKey(value, known);
  resolver.report({
    path,
    message: `must be ${article(kind)}, its name, or an object with its name and options`,
    hint: named ?? `Built in: ${known.join(", ")}.`,
  });
  return undefined;
}

export interface ResolvedPlugins {
  readonly provider: PluginKinds["provider"] | undefined;
  readonly configurator: PluginKinds["configurator"] | undefined;
  /** The user's before the built-in ones; of two with one name the user's. */
  readonly distros: readonly PluginKinds["distro"][];
}

/** Makes all plug-ins of a config. */
export async function resolvePlugins(
  draft: Draft<StackInput>,
  resolver: PluginResolver,
): Promise<ResolvedPlugins> {
  const wantedDistros = draft.distros ?? [];
  const [provider, configurator, own, builtIn] = await Promise.all([
    resolvePlugin("provider", draft.provider, ["provider"], resolver),
    resolvePlugin("configurator", draft.configurator ?? "none", ["configurator"], resolver),
    Promise.all(
      wantedDistros.map((distro, index) =>
        resolvePlugin("distro", distro, ["distros", index], resolver),
      ),
    ),
    Promise.all(
      resolver.registry.names("distro").map(async (name) => {
        const factory = await resolver.registry.load("distro", name);
        return factory?.create({} as never, resolver.environment);
      }),
    ),
  ]);
  const distros: PluginKinds["distro"][] = [];
  for (const distro of [...own, ...builtIn]) {
    if (distro !== undefined && !distros.some((other) => other.name === distro.name))
      distros.push(distro);
  }
  return { provider, configurator, distros };
}
