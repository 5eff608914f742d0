import { UserError } from "../errors/error.ts";

/** Environment variables, given by whoever loads the config; nothing here reads the process's own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What `env()` works on while a config is loaded. It is kept on the global object because the config may
 * import another copy of this package than the one that loads it.
 */
interface LoadingEnvironment {
  readonly values: Environment;
  /** Names asked for and not set. */
  readonly unset: Set<string>;
  /** What the factories of plug-ins found wrong with their options, and went on without. */
  readonly pluginErrors?: UserError[];
}

const SLOT = Symbol.for("bootmachine.loading-environment");
const globals = globalThis as unknown as Record<symbol, LoadingEnvironment | undefined>;

// Private-use characters: they stand in no real value, and survive being joined with other text.
const UNSET_MARK = /\uE000([^\uE000\uE001]*)\uE001/g;

/** The text that stands in for a variable that is not set, so that loading goes on and finds all problems. */
export function markUnset(name: string): string {
  return `\uE000${name}\uE001`;
}

/** The names of the unset variables that a text was made from. */
export function unsetNames(text: string): string[] {
  return [...text.matchAll(UNSET_MARK)].map((match) => match[1] ?? "");
}

/**
 * Reads an environment variable in a config file. A variable that is not set, and has no fallback, is
 * reported by name together with all other problems of the config. An empty variable counts as set.
 *
 * Works while bootmachine loads the config, and nowhere else.
 *
 * @throws UserError CONFIG_CODE_FAILED when no config is being loaded.
 */
export function env(name: string, fallback?: string): string {
  const loading = globals[SLOT];
  if (loading === undefined) {
    throw new UserError(
      "CONFIG_CODE_FAILED",
      `env("${name}") was called while no config is being loaded.`,
      { hint: "Call env() at the top level of the config file, or in its function." },
    );
  }
  const value = loading.values[name] ?? fallback;
  if (value !== undefined) return value;
  loading.unset.add(name);
  return markUnset(name);
}

/**
 * The environment that the config is loaded with, for plug-ins that look up more than the config names (`OS_*`,
 * `HOME`): their factories ask for it when they are called. Empty when no config is being loaded.
 */
export function loadingEnvironment(): Environment {
  return globals[SLOT]?.values ?? {};
}

/**
 * Keeps an error until the config is read, so that it is told together with all others. False: no config is being loaded,
 * and it has to be thrown.
 */
export function keepWhileLoading(error: UserError): boolean {
  const kept = globals[SLOT]?.pluginErrors;
  kept?.push(error);
  return kept !== undefined;
}

let lastLoad: Promise<unknown> | undefined;

/** Runs a load with `env()` answering from `values`; loads in one process run one after another. */
export async function withEnvironment<T>(
  values: Environment,
  load: () => Promise<T>,
): Promise<{
  readonly result: T;
  readonly unset: readonly string[];
  readonly pluginErrors: readonly UserError[];
}> {
  const run = (lastLoad ?? Promise.resolve()).then(async () => {
    const pluginErrors: UserError[] = [];
    const loading: LoadingEnvironment = { values, unset: new Set(), pluginErrors };
    globals[SLOT] = loading;
    try {
      const result = await load();
      return { result, unset: [...loading.unset], pluginErrors };
    } finally {
      globals[SLOT] = undefined;
    }
  });
  lastLoad = run.catch(() => undefined);
  return run;
}
