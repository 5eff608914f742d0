import type { z } from "zod";

import type { Draft } from "./draft.ts";
import { unsetNames } from "./environment.ts";
import type { ConfigPath, ReportProblem } from "./problem.ts";
import {
  kindOf,
  meantIssues,
  reportIssue,
  valueAt,
  WITHOUT_ZODS_WORDS,
  withoutSymbols,
} from "./schema-issues.ts";
import { stackSchema } from "./schema/stack-schema.ts";
import type { StackInput } from "./stack-input.ts";

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
    if (item === undefined) {
      report({
        path: [...path, key],
        message: "is undefined: is an environment variable unset?",
        hint: 'Leave the key out, or take the value from env("NAME"), which says what is not set.',
      });
      continue;
    }
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

function setAt(value: unknown, path: ConfigPath, item: unknown): void {
  const holder = valueAt(value, path.slice(0, -1));
  const last = path.at(-1);
  if (last !== undefined && isPlain(holder))
    (holder as Record<string | number, unknown>)[last] = item;
}

const withinUnions = (issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] =>
  issue.code === "invalid_union" ? (meantIssues(issue) ?? [issue]) : [issue];

/** A text from an environment variable may be meant as a number or a truth value. */
function coerceVariables(
  copy: unknown,
  issues: readonly z.core.$ZodIssue[],
  fromVariables: ReadonlySet<string>,
): boolean {
  let hasChanged = false;
  for (const issue of issues.flatMap(withinUnions)) {
    if (issue.code !== "invalid_type") continue;
    const path = withoutSymbols(issue.path);
    const found = valueAt(copy, path);
    if (typeof found !== "string" || !fromVariables.has(path.map((one) => `/${one}`).join("")))
      continue;
    if (
      (issue.expected === "number" || issue.expected === "int") &&
      /^-?\d{1,15}(\.\d{1,6})?$/.test(found)
    ) {
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
  let parsed = stackSchema.safeParse(copy, WITHOUT_ZODS_WORDS);
  if (!parsed.success && coerceVariables(copy, parsed.error.issues, fromVariables)) {
    parsed = stackSchema.safeParse(copy, WITHOUT_ZODS_WORDS);
  }
  if (parsed.success) return copy as Draft<StackInput>;
  for (const issue of parsed.error.issues.flatMap(withinUnions)) {
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
