import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { describe, expect, expectTypeOf, it } from "vitest";
import type { z } from "zod";

import { joinWords, wordsOf } from "../../../scripts/document-schema.ts";
import {
  groupSchema,
  keyFileSchema,
  userSchema,
} from "../../../src/stack/schema/account-schema.ts";
import { openingSchema, serverOpeningSchema } from "../../../src/stack/schema/firewall-schema.ts";
import { serverSchema } from "../../../src/stack/schema/server-schema.ts";
import { serverSshSchema, sshSchema } from "../../../src/stack/schema/ssh-schema.ts";
import { stackSchema } from "../../../src/stack/schema/stack-schema.ts";
import { upgradesSchema } from "../../../src/stack/schema/system-schema.ts";
import type { StackInput } from "../../../src/stack/stack-input.ts";

// Two object types may be assignable to each other though one lacks an optional field: every field is made
// required first, all the way down, so that a field on one side only is an error.
type Leaf =
  | ((...args: never) => unknown)
  | { readonly kind: "provider" | "configurator" | "distro" };
type Whole<T> = T extends Leaf
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Whole<Item>[]
    : T extends object
      ? { readonly [K in keyof T]-?: Whole<T[K]> }
      : T;

const SCHEMAS = [
  ["StackInput", stackSchema],
  ["ServerInput", serverSchema],
  ["SshInput", sshSchema],
  ["ServerSshInput", serverSshSchema],
  ["UserInput", userSchema],
  ["KeyFileInput", keyFileSchema],
  ["GroupInput", groupSchema],
  ["OpeningInput", openingSchema],
  ["ServerOpeningInput", serverOpeningSchema],
  ["UpgradesInput", upgradesSchema],
] as const;

describe("the user's types and the schema", () => {
  it("say the same, in both directions", () => {
    type Parsed = z.input<typeof stackSchema>;
    expectTypeOf<Parsed>().toExtend<StackInput>();
    expectTypeOf<StackInput>().toExtend<Parsed>();
    expectTypeOf<Whole<Parsed>>().toExtend<Whole<StackInput>>();
    expectTypeOf<Whole<StackInput>>().toExtend<Whole<Parsed>>();
  });

  const source = readFileSync(
    resolve(import.meta.dirname, "../../../src/stack/stack-input.ts"),
    "utf8",
  );

  /** The docstring of every field of an interface, by name, on one line. */
  const docsOf = (name: string): ReadonlyMap<string, string> => {
    const body = new RegExp(
      `export interface ${name}(?: extends (\\w+))? \\{\\n(.*?)\\n\\}`,
      "s",
    ).exec(source);
    if (body === null) throw new Error(`there is no interface ${name}`);
    const own = [...(body[2] ?? "").matchAll(/\/\*\*(.*?)\*\/\s*readonly (\w+)\??:/gs)].map(
      ([, text = "", field = ""]) =>
        [
          field,
          text
            .replaceAll(/\n\s*\*/g, " ")
            .replaceAll(/\s+/g, " ")
            .trim(),
        ] as const,
    );
    return new Map([...(body[1] === undefined ? [] : docsOf(body[1])), ...own]);
  };

  it.each(SCHEMAS)("the words of %s are those of the schema", (name, schema) => {
    const documented = docsOf(name);
    const fromSchema = Object.entries<z.ZodType>(schema.shape).map(
      ([field, option]) => [field, joinWords(wordsOf(option))] as const,
    );
    expect(new Map(documented)).toEqual(new Map(fromSchema));
    for (const [, words] of fromSchema) expect(words.length).toBeGreaterThan(10);
  });

  it("every optional field says its default", () => {
    const withoutDefault = SCHEMAS.flatMap(([, schema]) =>
      Object.entries<z.ZodType>(schema.shape)
        .filter(([, option]) => option.safeParse(undefined).success)
        .filter(([, option]) => wordsOf(option).default === undefined)
        .map(([field]) => field),
    );
    // These hold options of their own, which have theirs.
    expect(withoutDefault).toEqual(["ssh", "upgrades"]);
  });
});
