import { writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { z } from "zod";

import { BUILTINS } from "../src/builtins.ts";
import { groupSchema, keyFileSchema, userSchema } from "../src/stack/schema/account-schema.ts";
import { openingSchema } from "../src/stack/schema/firewall-schema.ts";
import { serverSchema } from "../src/stack/schema/server-schema.ts";
import { serverSshSchema, sshSchema } from "../src/stack/schema/ssh-schema.ts";
import { stackSchema } from "../src/stack/schema/stack-schema.ts";
import { upgradesSchema } from "../src/stack/schema/system-schema.ts";
import { type JsonSchema, makeOptionsSchema, wordsOf } from "./document-schema.ts";

export const CONFIG_REFERENCE_FILE = resolve(import.meta.dirname, "../docs/reference/config.md");

/** Sections of the page, in order: heading, anchor for links from other options, the schema. */
const SECTIONS = [
  ["The stack", "stack", stackSchema],
  ["ssh", "ssh", sshSchema],
  ["users", "users", userSchema],
  ["A key in a file", "key-file", keyFileSchema],
  ["groups", "groups", groupSchema],
  ["firewall", "firewall", openingSchema],
  ["upgrades", "upgrades", upgradesSchema],
  ["servers", "servers", serverSchema],
  ["ssh of a server", "server-ssh", serverSshSchema],
] as const satisfies readonly (readonly [string, string, z.ZodObject])[];

/** Types that the schema cannot say in a word, by section and option. */
const TYPES: Readonly<Record<string, string>> = {
  "stack.provider": "provider: `local()`, `existing(...)`; in YAML its name, or `{ name, ... }`",
  "stack.configurator": "configurator: `none()`; in YAML its name",
  "stack.distros": "list of distros: `debian()`; in YAML names",
  "stack.ssh": "[ssh](#ssh)",
  "stack.users": "list of [users](#users)",
  "stack.groups": "list of [groups](#groups)",
  "stack.firewall": "list of [openings](#firewall)",
  "stack.upgrades": "[upgrades](#upgrades)",
  "stack.servers": "list of [servers](#servers)",
  "stack.tasks":
    "object: name to function, or to `{ description, run }`; TypeScript and JavaScript only",
  "servers.ssh": "[ssh of a server](#ssh-of-a-server)",
  "servers.upgrades": "[upgrades](#upgrades)",
  "servers.firewall": "list of [openings](#firewall), without `roles`",
  "users.keys": "list of texts and [`{ file }`](#a-key-in-a-file)",
};

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

function typeOf(schema: JsonSchema): string {
  if (schema.enum !== undefined)
    return schema.enum.map((value) => `\`${JSON.stringify(value)}\``).join(", ");
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeOf))].join(" or ");
  if (schema.type === "array") return `list of ${typeOf(schema.items ?? {})}`;
  const { minimum, maximum } = schema;
  const range =
    typeof minimum === "number" && typeof maximum === "number" ? `, ${minimum} to ${maximum}` : "";
  const names: Readonly<Record<string, string>> = {
    integer: `whole number${range}`,
    number: `number${range}`,
    boolean: "true or false",
    string: "text",
    object: "object",
  };
  return names[schema.type ?? ""] ?? "any";
}

function renderTable(section: string, schema: z.ZodObject): string[] {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
  const lines = ["| option | type | default | meaning | changing it |", "|---|---|---|---|---|"];
  for (const [name, option] of Object.entries(schema.shape)) {
    const { description, default: byDefault, cost } = wordsOf(option as z.ZodType);
    const type = TYPES[`${section}.${name}`] ?? typeOf(json.properties?.[name] ?? {});
    const isRequired = json.required?.includes(name) === true;
    const shownDefault = isRequired ? "required" : (byDefault ?? "");
    lines.push(
      `| \`${name}\` | ${[type, shownDefault, description, cost ?? ""].map(cell).join(" | ")} |`,
    );
  }
  return lines;
}

/** The rows of a plug-in's options; those inside others have their path: `hosts.NAME.address`. */
function renderOptionRows(json: JsonSchema, above: string): string[] {
  return Object.entries(json.properties ?? {}).flatMap(([option, schema]) => {
    const byDefault =
      json.required?.includes(option) === true
        ? "required"
        : schema.default === undefined
          ? ""
          : `\`${JSON.stringify(schema.default)}\``;
    const path = `${above}${option}`;
    const cells = [typeOf(schema), byDefault, schema.description ?? ""].map(cell).join(" | ");
    const { additionalProperties } = schema;
    const inner =
      typeof additionalProperties === "object" && additionalProperties !== null
        ? renderOptionRows(additionalProperties as JsonSchema, `${path}.NAME.`)
        : renderOptionRows(schema, `${path}.`);
    return [`| \`${path}\` | ${cells} |`, ...inner];
  });
}

/** The options of the built-in plug-ins, as far as their schemas have words. */
async function renderPluginOptions(): Promise<string[]> {
  const lines: string[] = [];
  for (const kind of ["provider", "configurator", "distro"] as const) {
    for (const name of BUILTINS.names(kind)) {
      lines.push("", `### ${kind} ${name}`, "");
      const json = await makeOptionsSchema(kind, name);
      if (json === undefined) {
        lines.push("No options.");
        continue;
      }
      lines.push("| option | type | default | meaning |", "|---|---|---|---|");
      lines.push(...renderOptionRows(json, ""));
    }
  }
  return lines;
}

/** `docs/reference/config.md`. */
export async function renderConfigReference(): Promise<string> {
  const lines = [
    "# Config reference",
    "",
    "<!-- Made by scripts/generate-config-reference.ts from the schema. Do not edit. -->",
    "",
    "Every option of a config, its type, its default, what it means, and what changing it on servers that exist",
    "costs. [The guide](../guide/config.md) shows whole configs. Time limits are in seconds. `~` and relative",
    "paths are understood; the latter are relative to the config file.",
    "",
    "In YAML and JSON, `${NAME}` stands for an environment variable, `${NAME:-default}` for one with a default,",
    'and `$${` for a plain `${`. In TypeScript and JavaScript, `env("NAME")` and `env("NAME", "default")` do the',
    "same. A variable that is not set is a problem that names it.",
  ];
  for (const [heading, section, schema] of SECTIONS) {
    lines.push("", `## ${heading}`, "", ...renderTable(section, schema));
  }
  lines.push("", "## Options of the built-in plug-ins", ...(await renderPluginOptions()));
  return `${lines.join("\n")}\n`;
}

if (import.meta.main) writeFileSync(CONFIG_REFERENCE_FILE, await renderConfigReference());
