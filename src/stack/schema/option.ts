import { z } from "zod";

/**
 * What each option means, for the JSON Schema and the reference. `StackInput` says the same to TypeScript;
 * a test holds the two together, types and words.
 */
interface OptionDocs {
  readonly description: string;
  /** The default, as text. */
  readonly default?: string;
  /** What changing it on servers that exist costs. */
  readonly cost?: string;
}

/** Attaches the words to a schema. */
export function option<S extends z.ZodType>(schema: S, docs: OptionDocs): S {
  return schema.meta({ ...docs });
}

/** The same option for one server: where it is absent there, the stack's value counts. */
export function asStack<S extends z.ZodType>(schema: S): S {
  return schema.meta({ ...schema.meta(), default: "the stack's" });
}

/** A port, 1-65535. */
export const PORT = z
  .int("must be a whole number from 1 to 65535")
  .min(1, "must be a whole number from 1 to 65535")
  .max(65_535, "must be a whole number from 1 to 65535");

export const wholeNumber = (from: number, to: number): z.ZodNumber => {
  const text = `must be a whole number from ${from} to ${to}`;
  return z.int(text).min(from, text).max(to, text);
};

export const oneOf = <const T extends readonly [string, ...string[]]>(
  values: T,
): z.ZodEnum<{ [K in T[number]]: K }> => z.enum(values);

export const FREE_TEXT_LINE = z.string().min(1, "must not be empty");

export const PATH_TEXT = z.string().min(1, "must be a path");
