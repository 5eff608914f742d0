import { readFile } from "node:fs/promises";

import { UserError } from "../errors/error.ts";
import { findJsonError } from "./json-error.ts";
import type { Environment } from "./environment.ts";
import { markUnset, unsetNames } from "./environment.ts";
import type { RawConfig } from "./load-module.ts";
import type { Position } from "./problem.ts";
import { renderCodeFrame } from "./code-frame.ts";

const VARIABLE = /\$\$\{|\$\{([^}]*)\}/g;

/**
 * Fills in `${NAME}` and `${NAME:-default}` (the default counts where the variable is not set or empty);
 * `$${` stands for a plain `${`.
 */
export function interpolate(text: string, environment: Environment): string {
  return text.replace(VARIABLE, (whole, inner: string | undefined) => {
    if (inner === undefined) return "${";
    const match = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(inner);
    const [, name, fallback] = match ?? [];
    if (name === undefined) return whole;
    const value = environment[name];
    if (fallback !== undefined) return value === undefined || value === "" ? fallback : value;
    return value ?? markUnset(name);
  });
}

/** Fills in every text; `fromVariables` gets the paths of those that were one variable and nothing else. */
function fill(
  value: unknown,
  environment: Environment,
  path: string,
  fromVariables: Set<string>,
): unknown {
  if (typeof value === "string") {
    if (/^\$\{[^}]*\}$/.test(value)) fromVariables.add(path);
    return interpolate(value, environment);
  }
  if (Array.isArray(value)) {
    return value.map((item, index) => fill(item, environment, `${path}/${index}`, fromVariables));
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        fill(item, environment, `${path}/${key}`, fromVariables),
      ]),
    );
  }
  return value;
}

function collectUnset(value: unknown, found: Set<string>): void {
  if (typeof value === "string") for (const name of unsetNames(value)) found.add(name);
  else if (typeof value === "object" && value !== null) {
    for (const item of Object.values(value)) collectUnset(item, found);
  }
}

function syntaxError(
  file: string,
  source: string,
  message: string,
  position: Position | undefined,
): UserError {
  const where = position === undefined ? file : `${file}:${position.line}:${position.column}`;
  const frame =
    position === undefined ? [] : ["", ...renderCodeFrame(source, position.line, position.column)];
  return new UserError("CONFIG_CODE_FAILED", [`${where}: ${message}`, ...frame].join("\n"), {
    problems: [{ path: "", message, file, ...(position === undefined ? {} : position) }],
  });
}

function positionOf(source: string, offset: number): Position {
  const before = source.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

async function parseDocument(file: string, source: string): Promise<unknown> {
  if (file.endsWith(".json")) {
    try {
      return JSON.parse(source);
    } catch (thrown) {
      const place = findJsonError(source);
      if (place === undefined) throw thrown;
      const isEnd = source.slice(place).trim() === "";
      const found = isEnd ? "the file ends too early" : "this cannot stand here";
      throw syntaxError(file, source, `this is not JSON: ${found}`, positionOf(source, place));
    }
  }
  const { parseDocument: parseYaml } = await import("yaml");
  const document = parseYaml(source, { prettyErrors: false, merge: true });
  const [first] = document.errors;
  if (first !== undefined) {
    throw syntaxError(file, source, first.message, positionOf(source, first.pos[0]));
  }
  try {
    return document.toJS({ maxAliasCount: 1_000 });
  } catch (thrown) {
    throw syntaxError(
      file,
      source,
      thrown instanceof Error ? thrown.message : String(thrown),
      undefined,
    );
  }
}

/**
 * Loads a YAML or JSON config and fills in environment variables.
 *
 * @throws UserError CONFIG_UNREADABLE; CONFIG_CODE_FAILED with the line where it is no YAML or JSON.
 */
export async function loadDocument(file: string, environment: Environment): Promise<RawConfig> {
  let source: string;
  try {
    source = await readFile(file, "utf8");
  } catch (cause) {
    throw new UserError("CONFIG_UNREADABLE", `${file} cannot be read.`, { cause });
  }
  const parsed = await parseDocument(file, source.replace(/^\uFEFF/, ""));
  const fromVariables = new Set<string>();
  const value = fill(parsed, environment, "", fromVariables);
  if (typeof value === "object" && value !== null && "$schema" in value) {
    // Tells editors which schema to use; nothing of the stack.
    delete (value as Record<string, unknown>)["$schema"];
  }
  const unset = new Set<string>();
  collectUnset(value, unset);
  return { value, unset: [...unset], fromVariables };
}
