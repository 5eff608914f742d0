import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";

import { isBootmachineError, type ProblemRecord, UserError } from "../errors/error.ts";
import { findCodePlace, makeCodeError } from "./code-failure.ts";
import { type Environment, withEnvironment } from "./environment.ts";
import { importAnew, LOAD_QUERY, parseForPlace } from "./import-natively.ts";
import { type LoopPlace, LoopWatchdog } from "./loop-watchdog.ts";
import { describeReadFailure } from "./user-path.ts";

/** A config that is not read by then waits for something that never comes. */
const LOAD_LIMIT_MS = 30_000;

/** A config as it was read, before any rule looked at it. */
export interface RawConfig {
  readonly value: unknown;
  /** Environment variables that were asked for and are not set. */
  readonly unset: readonly string[];
  /**
   * Paths, as "/ssh/port", whose value is an environment variable and nothing else: a text that may be meant
   * as a number or a truth value.
   */
  readonly fromVariables?: ReadonlySet<string>;
  /** What was wrong with options that plug-ins were called with, at the user's lines. */
  readonly problems?: readonly ProblemRecord[];
}

/** Node says where TypeScript is broken, and not where JavaScript is: ask it again as TypeScript. */
async function findSyntaxError(thrown: unknown, file: string): Promise<unknown> {
  const isUnplaced =
    thrown instanceof SyntaxError &&
    findCodePlace(thrown, file) === undefined &&
    /\.m?js$/.test(file);
  if (!isUnplaced) return thrown;
  try {
    await parseForPlace(pathToFileURL(file).href);
    return thrown;
  } catch (placed) {
    return placed instanceof SyntaxError ? placed : thrown;
  }
}

/** A plug-in's factory refused its options: its problems, at the user's line that called it. */
function placePluginProblems(thrown: UserError, file: string): UserError {
  const place = findCodePlace(thrown, file);
  if (place === undefined) return thrown;
  const given =
    thrown.problems.length === 0
      ? [{ path: "", message: thrown.message, hint: thrown.hint }]
      : thrown.problems;
  return new UserError("CONFIG_INVALID", thrown.message, {
    hint: thrown.hint,
    cause: thrown,
    problems: given.map((problem) => ({
      ...problem,
      ...(problem.file === undefined
        ? {
            file: place.file,
            ...(place.line === undefined ? {} : { line: place.line }),
            ...(place.column === undefined ? {} : { column: place.column }),
          }
        : {}),
    })),
  });
}

/** True for our error class, from whatever copy of the package it was thrown. */
function isUserError(thrown: unknown): thrown is UserError {
  return isBootmachineError(thrown) && thrown.kind === "user" && "problems" in thrown;
}

/** How much later than the limit the watchdog acts: a thread that is not blocked has ended it by then. */
const WATCHDOG_DELAY_MS = 1_000;

/**
 * Ends the waiting for code that never settles, and code that never gives the thread back. The timer is a live one:
 * without it Node would find nothing left to do, and end the process.
 */
async function withinLimit<T>(
  load: (watchdog: LoopWatchdog) => Promise<T>,
  file: string,
  limitMs: number,
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const watchdog = new LoopWatchdog(
    { afterMs: limitMs + WATCHDOG_DELAY_MS, mark: `?${LOAD_QUERY}=` },
    (place) => reject(makeCodeError(new EndlessLoop(limitMs, place), file)),
  );
  const began = performance.now();
  let timer = setTimeout(() => {
    const wasBlocked = performance.now() - began > limitMs + WATCHDOG_DELAY_MS / 2;
    // The watchdog has freed the thread, and its message says more; it is on its way.
    timer = setTimeout(
      () => reject(tookTooLong(file, limitMs)),
      wasBlocked && watchdog.isWatching ? WATCHDOG_DELAY_MS : 0,
    );
  }, limitMs);
  try {
    return await Promise.race([load(watchdog), promise]);
  } finally {
    clearTimeout(timer);
    watchdog.end();
  }
}

/** Looks like an error that was thrown where the code was when it was ended. */
class EndlessLoop extends Error {
  constructor(limitMs: number, place: LoopPlace | undefined) {
    super(`it was still at work after ${limitMs / 1000} seconds, in a loop that does not end`);
    this.name = "Error";
    if (place !== undefined) {
      this.stack = `Error: ${this.message}\n    at ${place.url}:${place.line}:${place.column}`;
    }
  }
}

function tookTooLong(file: string, limitMs: number): UserError {
  const message = `it did not finish within ${limitMs / 1000} seconds`;
  return new UserError("CONFIG_CODE_FAILED", `${file}: ${message}`, {
    hint: "A top-level `await`, or the config's function, waits for something that does not come.",
    problems: [{ path: "", message, file }],
  });
}

/**
 * Loads a TypeScript or JavaScript config by Node's own import, and calls it where it is a function.
 *
 * @throws UserError CONFIG_UNREADABLE; CONFIG_CODE_FAILED with the user's own line; CONFIG_INVALID where a
 *   plug-in's factory refused its options.
 */
export async function loadModule(
  file: string,
  environment: Environment,
  limitMs: number = LOAD_LIMIT_MS,
): Promise<RawConfig> {
  try {
    await readFile(file);
  } catch (cause) {
    throw new UserError("CONFIG_UNREADABLE", `${file} ${describeReadFailure(cause)}.`, { cause });
  }
  const loaded = await withEnvironment(environment, async () => {
    try {
      return await withinLimit(
        (watchdog) => importAndCall(file, environment, watchdog),
        file,
        limitMs,
      );
    } catch (thrown) {
      const placed = await findSyntaxError(thrown, file);
      return {
        failure: isUserError(placed)
          ? placePluginProblems(placed, file)
          : makeCodeError(placed, file),
      };
    }
  });
  const { failure } = loaded.result;
  const problems = loaded.pluginErrors.flatMap(
    (error) => placePluginProblems(error, file).problems,
  );
  if (failure === undefined) return { value: loaded.result.value, unset: loaded.unset, problems };
  // What failed may have failed only because the variable is not set: say that first.
  if (loaded.unset.length > 0) return { value: undefined, unset: loaded.unset, problems };
  if (failure.code !== "CONFIG_INVALID" || problems.length === 0) throw failure;
  throw new UserError("CONFIG_INVALID", failure.message, {
    hint: failure.hint,
    cause: failure,
    problems: [...problems, ...failure.problems],
  });
}

async function importAndCall(
  file: string,
  environment: Environment,
  watchdog: LoopWatchdog,
): Promise<{ readonly value?: unknown; readonly failure?: UserError }> {
  const module = await importAnew(pathToFileURL(file).href, (text) => watchdog.see(text));
  if (!("default" in module)) return { failure: noDefaultExport(file) };
  const exported = module["default"];
  const value: unknown =
    typeof exported === "function"
      ? await (exported as (context: { env: Environment }) => unknown)({ env: environment })
      : await exported;
  return { value };
}

function noDefaultExport(file: string): UserError {
  return new UserError("CONFIG_INVALID", `${basename(file)} has no default export.`, {
    hint: "Write `export default defineStack({ ... })`.",
    problems: [
      {
        path: "",
        message: "has no default export",
        hint: "Write `export default defineStack({ ... })`.",
        file,
      },
    ],
  });
}
