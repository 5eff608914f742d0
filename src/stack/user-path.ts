import { homedir } from "node:os";
import { join, resolve } from "node:path";

import type { Environment } from "./environment.ts";

/** Where relative paths and `~` in a config lead. */
export interface PathBase {
  /** The config file's directory. */
  readonly directory: string;
  /** The user's home directory. */
  readonly home: string;
}

export function makePathBase(directory: string, environment: Environment): PathBase {
  const home = environment["HOME"];
  return { directory, home: home === undefined || home === "" ? homedir() : home };
}

/** A path of the config, absolute. */
export function resolveUserPath(path: string, base: PathBase): string {
  if (path === "~") return base.home;
  if (path.startsWith("~/")) return join(base.home, path.slice(2));
  return resolve(base.directory, path);
}

/** Why a file could not be read, in words. */
export function describeReadFailure(thrown: unknown): string {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  if (code === "ENOENT") return "does not exist";
  if (code === "EACCES" || code === "EPERM") return "may not be read by you";
  if (code === "EISDIR") return "is a directory";
  return `cannot be read (${typeof code === "string" ? code : "unknown reason"})`;
}
