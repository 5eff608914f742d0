import type { z } from "zod";

import { type ProblemRecord, UserError } from "../errors/error.ts";
import type { PluginKind } from "./plugin-registry.ts";
import { renderPath } from "./problem.ts";
import { reportIssues } from "./schema-issues.ts";

/**
 * Holds the options that a plug-in's factory was called with against its schema.
 *
 * @throws UserError CONFIG_INVALID, with every problem of the options worded as in a config that names the plug-in.
 */
export function parsePluginOptions<S extends z.ZodType>(
  kind: PluginKind,
  name: string,
  schema: S,
  options: unknown,
): z.output<S> {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  const problems: ProblemRecord[] = [];
  reportIssues(schema, parsed.error.issues, options, [kind], ({ path, message, hint }) =>
    problems.push({ path: renderPath(path), message, ...(hint === undefined ? {} : { hint }) }),
  );
  throw new UserError("CONFIG_INVALID", `The options of ${name}() are wrong.`, {
    hint: "The config ends at this call: other problems, if there are any, show when this is mended.",
    problems,
  });
}
