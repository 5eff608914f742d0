import type { z } from "zod";

import type { Draft } from "./draft.ts";
import { unsetNames } from "./environment.ts";
import type { ConfigPath, ReportProblem } from "./problem.ts";
import { stackSchema } from "./schema.ts";
import type { StackInput } from "./stack-input.ts";
import { suggestWord } from "./suggest.ts";

/** Plain lists and objects are walked and copied; plug-ins and functions are not. */
export function isPlain(value: unknown): value is Record<string, unknown> | unknown[] {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null || prototype === Object.prototype) return true;
  // An object of another realm has an Object.prototype that is not ours.
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "hasOwnProperty");
}

const isPlugin = (value: Record<string, unknown> | unknown[]): boolean =>
  !Array.isArray(value) && Object.hasOwn(value, "kind") && Object.hasOwn(value, "apiVersion");

/** Copies lists and objects, so that broken parts can be taken out; leaves out what an unset variable made. */
function copyConfig(
  value: unknown,
  path: ConfigPath,
  report: ReportProblem,
  above: readonly unknown[],
): unknown {
  if (typeof value === "string") {
    const names = unsetNames(value);
    for (const name of names) report({ path, ...unsetProblem(name) });
    return names.length > 0 ? undefined : value;
  }
  if (!isPlain(value) || isPlugin(value)) return value;
  if (above.includes(value) || above.length > 32) {
    report({ path, message: "is nested in itself, or too deep" });
    return undefined;
  }
  const inside = [...above, value];
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => copyConfig(item, [...path, index], report, inside));
  }
  const copy: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [key, item] of Object.entries(value)) {
    copy[key] = copyConfig(item, [...path, key], report, inside);
  }
  return copy;
}

export function unsetProblem(name: string): { readonly message: string; readonly hint: string } {
  return {
    message: `the environment variable ${name} is not set`,
    hint: `Set it (\`export ${name}=…\`), or give it a default in the config.`,
  };
}

/** What an unwrapped schema is about: its fields, or its items. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const { def } = schema._zod;
  return "innerType" in def ? unwrap(def.innerType as z.core.$ZodType) : schema;
}

/** The keys that may stand at a path. */
function keysAt(root: z.core.$ZodType, path: ConfigPath): readonly string[] {
  let schema: z.core.$ZodType | undefined = root;
  for (const segment of path) {
    if (schema === undefined) return [];
    const def: z.core.$ZodTypeDef = unwrap(schema)._zod.def;
    if ("element" in def) schema = def.element as z.core.$ZodType;
    else if ("shape" in def) schema = (def.shape as Record<string, z.core.$ZodType>)[segment];
    else if ("options" in def) {
      schema = (def.options as z.core.$ZodType[]).find((one) => "shape" in one._zod.def);
    } else return [];
  }
  if (schema === undefined) return [];
  const def: z.core.$ZodTypeDef = unwrap(schema)._zod.def;
  return "shape" in def ? Object.keys(def.shape as object) : [];
}

const KIND_NAMES: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value === "function") return "a function";
  return KIND_NAMES[typeof value] ?? typeof value;
}

function valueAt(value: unknown, path: ConfigPath): unknown {
  let current = value;
  for (const segment of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = (current as Record<string | number, unknown>)[segment];
  }
  return current;
}

function setAt(value: unknown, path: ConfigPath, item: unknown): void {
  const holder = valueAt(value, path.slice(0, -1));
  const last = path.at(-1);
  if (last !== undefined && isPlain(holder))
    (holder as Record<string | number, unknown>)[last] = item;
}

const withoutSymbols = (path: readonly PropertyKey[]): ConfigPath =>
  path.map((segment) => (typeof segment === "number" ? segment : String(segment)));

/** A problem of the schema's, in plain words. */
function reportIssue(
  schema: z.core.$ZodType,
  issue: z.core.$ZodIssue,
  value: unknown,
  report: ReportProblem,
): void {
  const path = withoutSymbols(issue.path);
  const found = valueAt(value, path);
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = keysAt(schema, path);
      for (const key of issue.keys) {
        report({
          path: [...path, key],
          message: "is not an option",
          hint: suggestWord(key, known, "options here"),
          isAboutKey: true,
        });
      }
      return;
    }
    case "invalid_type": {
      if (found === undefined) report({ path, message: "is missing" });
      else if (issue.message.startsWith("must ")) report({ path, message: issue.message });
      else {
        report({
          path,
          message: `must be ${KIND_NAMES[issue.expected] ?? issue.expected}, not ${kindOf(found)}`,
        });
      }
      return;
    }
    case "invalid_value": {
      const values = issue.values.map((one) => JSON.stringify(one)).join(", ");
      if (found === undefined) {
        report({ path, message: "is missing", hint: `It is one of ${values}.` });
        return;
      }
      report({
        path,
        message: `must be one of ${values}`,
        ...(typeof found === "string"
          ? { hint: suggestWord(found, issue.values.map(String), "values") }
          : {}),
      });
      return;
    }
    case "custom":
    case "invalid_union":
      report({ path, message: found === undefined ? "is missing" : wordsOf(issue.message) });
      return;
    case "invalid_format":
    case "too_big":
    case "too_small":
    case "not_multiple_of":
    case "invalid_key":
    case "invalid_element":
      report({ path, message: plainWords(issue) });
  }
}

/** Reports what a plug-in's own schema found, below the plug-in's path. */
export function reportIssues(
  schema: z.core.$ZodType,
  issues: readonly z.core.$ZodIssue[],
  value: unknown,
  above: ConfigPath,
  report: ReportProblem,
): void {
  for (const issue of issues) {
    reportIssue(schema, issue, value, (problem) =>
      report({ ...problem, path: [...above, ...problem.path] }),
    );
  }
}

/** Our own schemas speak plainly already; those of plug-ins may not. */
function plainWords(issue: z.core.$ZodIssue): string {
  if (!/^(Invalid|Too|Unrecognized)\b/.test(issue.message)) return issue.message;
  if (issue.code === "too_small") return `must be ${boundOf(issue.origin, issue.minimum, "least")}`;
  if (issue.code === "too_big") return `must be ${boundOf(issue.origin, issue.maximum, "most")}`;
  if (issue.code === "invalid_format") {
    return issue.format === "regex" ? "is not of the right form" : `is not a valid ${issue.format}`;
  }
  return "is not right";
}

function boundOf(origin: string, bound: number | bigint, which: "least" | "most"): string {
  const things: Readonly<Record<string, string>> = {
    string: " characters long",
    array: " items long",
  };
  return `at ${which} ${bound}${things[origin] ?? ""}`;
}

const wordsOf = (message: string): string =>
  message.startsWith("Invalid") ? "is not of the right kind" : message;

/** A text from an environment variable may be meant as a number or a truth value. */
function coerceVariables(
  copy: unknown,
  issues: readonly z.core.$ZodIssue[],
  fromVariables: ReadonlySet<string>,
): boolean {
  let hasChanged = false;
  for (const issue of issues) {
    if (issue.code !== "invalid_type") continue;
    const path = withoutSymbols(issue.path);
    const found = valueAt(copy, path);
    if (typeof found !== "string" || !fromVariables.has(path.map((one) => `/${one}`).join("")))
      continue;
    if ((issue.expected === "number" || issue.expected === "int") && /^-?\d{1,15}$/.test(found)) {
      setAt(copy, path, Number(found));
      hasChanged = true;
    } else if (issue.expected === "boolean" && (found === "true" || found === "false")) {
      setAt(copy, path, found === "true");
      hasChanged = true;
    }
  }
  return hasChanged;
}

/**
 * Holds a value against the schema, reports what does not fit, and returns the rest. Never throws on plain
 * data, whatever it is.
 */
export function checkShape(
  value: unknown,
  report: ReportProblem,
  fromVariables: ReadonlySet<string> = new Set(),
): Draft<StackInput> {
  if (!isPlain(value) || Array.isArray(value)) {
    report({
      path: [],
      message: `the config must be an object with name, provider, users and servers, not ${kindOf(value)}`,
    });
    return {};
  }
  // An unset variable is told once, by name; that its value is missing as well would be noise.
  const unsetPaths = new Set<string>();
  const copy = copyConfig(
    value,
    [],
    (problem) => {
      unsetPaths.add(problem.path.join("/"));
      report(problem);
    },
    [],
  );
  let parsed = stackSchema.safeParse(copy);
  if (!parsed.success && coerceVariables(copy, parsed.error.issues, fromVariables)) {
    parsed = stackSchema.safeParse(copy);
  }
  if (parsed.success) return copy as Draft<StackInput>;
  for (const issue of parsed.error.issues) {
    const path = withoutSymbols(issue.path);
    if (!unsetPaths.has(path.join("/"))) reportIssue(stackSchema, issue, copy, report);
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) setAt(copy, [...path, key], undefined);
    } else {
      setAt(copy, path, undefined);
    }
  }
  return copy as Draft<StackInput>;
}
