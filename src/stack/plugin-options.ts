import type { z } from "zod";

import { keepWhileLoading } from "./environment.ts";
import { type ProblemRecord, UserError } from "../errors/error.ts";
import type { PluginKind } from "./plugin-registry.ts";
import { renderPath } from "./problem.ts";
import { reportIssues, WITHOUT_ZODS_WORDS } from "./schema-issues.ts";

/**
 * Holds the options that a plug-in's factory was called with against its schema. While a config is being loaded, what is
 * wrong is told at the end, with all else, and the factory goes on with the options that are right, as far as these
 * are enough.
 *
 * @throws UserError CONFIG_INVALID, with every problem of the options worded as in a config that names the plug-in.
 */
export function parsePluginOptions<S extends z.ZodType>(
  kind: PluginKind,
  name: string,
  schema: S,
  options: unknown,
): z.output<S> {
  const parsed = schema.safeParse(options, WITHOUT_ZODS_WORDS);
  if (parsed.success) return parsed.data;
  const problems: ProblemRecord[] = [];
  reportIssues(schema, parsed.error.issues, options, [kind], ({ path, message, hint }) =>
    problems.push({ path: renderPath(path), message, ...(hint === undefined ? {} : { hint }) }),
  );
  const error = new UserError("CONFIG_INVALID", `The options of ${name}() are wrong.`, {
    hint: "The config ends at this call: other problems, if there are any, show when this is mended.",
    problems,
  });
  const rest = schema.safeParse(withoutWrong(options, parsed.error.issues), WITHOUT_ZODS_WORDS);
  if (rest.success && keepWhileLoading(error)) return rest.data;
  throw error;
}

/** The options without the keys that are wrong or unknown, each left out whole at the first level. */
function withoutWrong(options: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  if (typeof options !== "object" || options === null || Array.isArray(options)) return options;
  const wrong = new Set(
    issues.flatMap((issue) =>
      issue.path.length === 0 && issue.code === "unrecognized_keys"
        ? issue.keys
        : issue.path.slice(0, 1).map(String),
    ),
  );
  return Object.fromEntries(Object.entries(options).filter(([key]) => !wrong.has(key)));
}
