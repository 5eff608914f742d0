import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

import { z } from "zod";

import { BUILTINS } from "../src/builtins.ts";
import type { PluginKind } from "../src/stack/plugin-registry.ts";
import { stackSchema } from "../src/stack/schema/stack-schema.ts";

/** A JSON Schema, or a part of one. */
export interface JsonSchema {
  [key: string]: unknown;
  type?: string;
  description?: string;
  default?: unknown;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
  pattern?: string;
}

const VARIABLE: JsonSchema = {
  type: "string",
  pattern: String.raw`^\$\{[^}]*\}$`,
  description: "An environment variable: ${NAME} or ${NAME:-default}.",
};

/** The words of an option's `meta`, as one description. */
export interface OptionWords {
  readonly description: string;
  readonly default: string | undefined;
  readonly cost: string | undefined;
}

export function wordsOf(schema: z.ZodType): OptionWords {
  const meta = schema.meta() ?? {};
  const cost = meta["cost"];
  const byDefault = meta["default"];
  return {
    description: meta.description ?? "",
    default: typeof byDefault === "string" ? byDefault : undefined,
    cost: typeof cost === "string" ? cost : undefined,
  };
}

/** As an editor shows it. */
export function joinWords({ description, default: byDefault, cost }: OptionWords): string {
  return [
    description,
    ...(byDefault === undefined ? [] : [`Default: ${byDefault}.`]),
    ...(cost === undefined ? [] : [`Change: ${cost}`]),
  ].join(" ");
}

function toJsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    target: "draft-2020-12",
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      const words = wordsOf(zodSchema as unknown as z.ZodType);
      // The words of our own options come from their meta; a plug-in's own default is data and stays.
      if (words.cost !== undefined || words.default !== undefined) {
        jsonSchema.description = joinWords(words);
        delete jsonSchema["cost"];
        if (words.default !== undefined) delete jsonSchema.default;
      }
    },
  }) as JsonSchema;
}

/** Plug-ins that live in the folder of another one, whose code they share. */
const OPTIONS_ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  rackspace: ["openstack/rackspace-options.ts"],
};

/** The docstrings of a plug-in's options, by name: they stand where its author and editors see them. */
function docstringsOf(kind: PluginKind, name: string): ReadonlyMap<string, string> {
  const places = [`${name}/options.ts`, ...(OPTIONS_ELSEWHERE[name] ?? [])];
  const file = places
    .map((place) => resolve(import.meta.dirname, `../src/${kind}s/${place}`))
    .find((path) => existsSync(path));
  const source = file === undefined ? "" : readFileSync(file, "utf8");
  return new Map(
    [...source.matchAll(/\/\*\*((?:(?!\*\/).)*)\*\/\s*(\w+)\s*[:,]/gs)].map(
      ([, text = "", key = ""]) => [
        key,
        text
          .replaceAll(/\n\s*\*/g, " ")
          .replaceAll(/\s+/g, " ")
          .trim(),
      ],
    ),
  );
}

function addDocstrings(schema: JsonSchema, docs: ReadonlyMap<string, string>): void {
  for (const [key, option] of Object.entries(schema.properties ?? {})) {
    const text = docs.get(key);
    if (text !== undefined) option.description ??= text;
    addDocstrings(option, docs);
  }
  const { additionalProperties } = schema;
  if (typeof additionalProperties === "object" && additionalProperties !== null) {
    addDocstrings(additionalProperties as JsonSchema, docs);
  }
}

/** The options of a built-in plug-in as JSON Schema, with their words; undefined where it has none. */
export async function makeOptionsSchema(
  kind: PluginKind,
  name: string,
): Promise<JsonSchema | undefined> {
  const factory = await BUILTINS.load(kind, name);
  if (factory?.options === undefined) return undefined;
  const options = toJsonSchema(factory.options);
  delete options["$schema"];
  addDocstrings(options, docstringsOf(kind, name));
  return options;
}

/** Lets an environment variable stand wherever a value may. */
function allowVariables(schema: JsonSchema): JsonSchema {
  const { properties, items, anyOf, additionalProperties, ...rest } = schema;
  // A format would refuse the variable; "readOnly" comes from frozen values and means another thing here.
  delete rest["format"];
  delete rest["readOnly"];
  const walked: JsonSchema = {
    ...rest,
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([key, value]) => [key, allowVariables(value)]),
          ),
        }),
    ...(items === undefined ? {} : { items: allowVariables(items) }),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map(allowVariables) }),
    ...(typeof additionalProperties === "object" && additionalProperties !== null
      ? { additionalProperties: allowVariables(additionalProperties as JsonSchema) }
      : additionalProperties === undefined
        ? {}
        : { additionalProperties }),
  };
  const { type, pattern, description, enum: values, const: only } = walked;
  if (type === "string" && pattern !== undefined) {
    return { ...walked, pattern: String.raw`(?:${pattern})|\$\{` };
  }
  const isClosed =
    type === "integer" || type === "number" || type === "boolean" || values !== undefined;
  if (!isClosed || only !== undefined) return walked;
  delete walked.description;
  return { ...(description === undefined ? {} : { description }), anyOf: [walked, VARIABLE] };
}

// Built-in names are single words; those of packages have a hyphen, or are paths.
const PACKAGE_NAME = String.raw`^(@[^/]+/)?[A-Za-z0-9._]+-[A-Za-z0-9._/-]+$|^\.{1,2}/`;

/** The forms in which a plug-in may be named: its name, its name with options, the name of a package. */
async function pluginForms(kind: PluginKind): Promise<JsonSchema[]> {
  const names = BUILTINS.names(kind);
  const withOptions = await Promise.all(
    names.map(async (name): Promise<JsonSchema | undefined> => {
      const options = await makeOptionsSchema(kind, name);
      if (options === undefined) return undefined;
      return {
        ...options,
        title: `${name} with options`,
        properties: { name: { const: name }, ...options.properties },
        required: ["name", ...(options.required ?? [])],
      };
    }),
  );
  const ownNames = names.map((name) => ({ const: name }));
  const found = withOptions.filter((form) => form !== undefined);
  const packages: JsonSchema[] = [
    {
      type: "string",
      title: "a package",
      description: "A package of plug-ins that is installed beside the config.",
      pattern: PACKAGE_NAME,
    },
    {
      type: "object",
      title: "a package with options",
      properties: { name: { type: "string", pattern: PACKAGE_NAME } },
      required: ["name"],
    },
  ];
  return [...ownNames, ...found, ...packages];
}

/** The JSON Schema of a config in YAML or JSON. */
export async function makeDocumentSchema(): Promise<JsonSchema> {
  const { tasks: _tasks, ...shape } = stackSchema.shape;
  const schema = toJsonSchema(z.strictObject(shape));
  const { properties = {} } = schema;
  const put = async (key: string, kind: PluginKind): Promise<void> => {
    const { description } = properties[key] ?? {};
    const forms = await pluginForms(kind);
    properties[key] = {
      ...(description === undefined ? {} : { description }),
      ...(key === "distros" ? { type: "array", items: { anyOf: forms } } : { anyOf: forms }),
    };
  };
  await put("provider", "provider");
  await put("configurator", "configurator");
  await put("distros", "distro");
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "bootmachine stack",
    description:
      "The config of a stack of servers. Custom tasks need the TypeScript or JavaScript form.",
    ...allowVariables({
      type: "object",
      properties: {
        $schema: { type: "string", description: "Tells an editor which schema to use." },
        ...properties,
      },
      required: schema.required ?? [],
      additionalProperties: false,
    }),
  };
}
