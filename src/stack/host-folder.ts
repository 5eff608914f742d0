import { z } from "zod";

/** A folder on hosts, named so that it stands in shell text and settings as it is. */
export const hostFolder = z
  .string()
  .regex(/^(\/[A-Za-z0-9_.-]+)+$/, "an absolute path without spaces")
  .refine((path) => !/\/\.{1,2}(\/|$)/.test(path), "an absolute path without . and ..");
