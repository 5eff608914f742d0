import type { z } from "zod";

import type { ConfigPath, ReportProblem } from "./problem.ts";
import { suggestWord } from "./suggest.ts";

/** What a wrapped schema is about: its fields, its items, or the one choice that has such; by the value where that tells. */
function unwrap(schema: z.core.$ZodType, value: unknown): z.core.$ZodTypeDef {
  const { def } = schema._zod;
  if ("innerType" in def) return unwrap(def.innerType as z.core.$ZodType, value);
  if (def.type === "pipe" && "in" in def) return unwrap(def.in as z.core.$ZodType, value);
  if ("options" in def) {
    const choices = (def.options as z.core.$ZodType[]).map((choice) => unwrap(choice, value));
    const key = "discriminator" in def ? String(def.discriminator) : undefined;
    const told =
      key === undefined
        ? undefined
        : choices.find((choice) => literalsOf(choice, key).includes(valueAt(value, [key])));
    return told ?? choices.find((choice) => "shape" in choice) ?? choices.find(hasInside) ?? def;
  }
  return def;
}

/** The values that one field of an object may have, where it is a literal. */
function literalsOf(def: z.core.$ZodTypeDef, key: string): readonly unknown[] {
  if (!("shape" in def)) return [];
  const field = (def.shape as Record<string, z.core.$ZodType>)[key]?._zod.def;
  return field !== undefined && "values" in field ? (field.values as readonly unknown[]) : [];
}

/** The values that the field may have which tells the choices of a union apart. */
function discriminatorsAt(
  root: z.core.$ZodType,
  path: ConfigPath,
  value: unknown,
): readonly string[] {
  const key = path.at(-1);
  const schema = schemaAt(root, path.slice(0, -1), value);
  if (schema === undefined || key === undefined || !("options" in schema._zod.def)) return [];
  return (schema._zod.def.options as z.core.$ZodType[]).flatMap((choice) =>
    literalsOf(unwrap(choice, undefined), String(key)).map(String),
  );
}

const hasInside = (def: z.core.$ZodTypeDef): boolean => "element" in def || "valueType" in def;

function schemaAt(
  root: z.core.$ZodType,
  path: ConfigPath,
  value: unknown,
): z.core.$ZodType | undefined {
  let schema: z.core.$ZodType | undefined = root;
  for (const [index, segment] of path.entries()) {
    if (schema === undefined) return undefined;
    const def = unwrap(schema, valueAt(value, path.slice(0, index)));
    if ("element" in def) schema = def.element as z.core.$ZodType;
    else if ("valueType" in def) schema = def.valueType as z.core.$ZodType;
    else if ("shape" in def) schema = (def.shape as Record<string, z.core.$ZodType>)[segment];
    else return undefined;
  }
  return schema;
}

/** The keys that may stand at a path. */
function keysAt(root: z.core.$ZodType, path: ConfigPath, value: unknown): readonly string[] {
  const schema = schemaAt(root, path, value);
  if (schema === undefined) return [];
  const def = unwrap(schema, valueAt(value, path));
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

/** What a value is, in plain words. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value === "function") return "a function";
  return KIND_NAMES[typeof value] ?? typeof value;
}

export function valueAt(value: unknown, path: ConfigPath): unknown {
  let current = value;
  for (const segment of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = (current as Record<string | number, unknown>)[segment];
  }
  return current;
}

/** A path of zod's, as ours. */
export const withoutSymbols = (path: readonly PropertyKey[]): ConfigPath =>
  path.map((segment) => (typeof segment === "number" ? segment : String(segment)));

/**
 * For every `safeParse` of what a user wrote. zod's own words for a wrong type look into the value, and fall over one that has
 * a key "constructor"; ours are made from the issue.
 */
export const WITHOUT_ZODS_WORDS: z.core.ParseContext<z.core.$ZodIssue> = {
  error: (issue) => (issue.code === "invalid_type" ? "Invalid input" : undefined),
};

/** A problem of the schema's, in plain words. */
export function reportIssue(
  schema: z.core.$ZodType,
  issue: z.core.$ZodIssue,
  value: unknown,
  report: ReportProblem,
): void {
  const path = withoutSymbols(issue.path);
  const found = valueAt(value, path);
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = keysAt(schema, path, value);
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
    case "invalid_union": {
      const meant = meantIssues(issue);
      if (meant !== undefined) {
        for (const one of meant) reportIssue(schema, one, value, report);
        return;
      }
      const values = discriminatorsAt(schema, path, value);
      if (values.length > 0) {
        report({
          path,
          message:
            found === undefined ? "is missing" : `is ${JSON.stringify(found)}, which there is not`,
          hint: suggestWord(typeof found === "string" ? found : "", values, "values"),
        });
        return;
      }
      report({ path, message: found === undefined ? "is missing" : wordsOf(issue.message) });
      return;
    }
    case "custom": {
      const hint: unknown = issue.params?.["hint"];
      report({
        path,
        message: found === undefined ? "is missing" : wordsOf(issue.message),
        ...(typeof hint === "string" ? { hint } : {}),
      });
      return;
    }
    case "invalid_format":
    case "too_big":
    case "too_small":
    case "not_multiple_of":
    case "invalid_key":
    case "invalid_element":
      report({ path, message: plainWords(issue) });
  }
}

/** What is wrong inside the only choice of a union that the value can have meant: with its paths; undefined: none, or several. */
export function meantIssues(
  issue: z.core.$ZodIssueInvalidUnion,
): readonly z.core.$ZodIssue[] | undefined {
  const [meant, ...others] = issue.errors.filter(
    (errors) =>
      errors.length > 0 &&
      errors.every(({ code, path }) => path.length > 0 || code === "unrecognized_keys"),
  );
  if (meant === undefined || others.length > 0) return undefined;
  return meant.map((one) => ({ ...one, path: [...issue.path, ...one.path] }));
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
