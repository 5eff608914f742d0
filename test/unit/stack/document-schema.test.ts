import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";

import { makeDocumentSchema } from "../../../scripts/document-schema.ts";
import {
  CONFIG_REFERENCE_FILE,
  renderConfigReference,
} from "../../../scripts/generate-config-reference.ts";
import { renderSchema, SCHEMA_FILE } from "../../../scripts/generate-schema.ts";
import { renderStarterConfig } from "../../../src/stack/starter-config.ts";
import { GOOD } from "./support/config-directory.ts";

const example = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, "../../../examples/three-tier", name), "utf8");

describe("the JSON Schema for editors", () => {
  it("is what the source says (npm run generate)", async () => {
    expect(readFileSync(SCHEMA_FILE, "utf8")).toBe(await renderSchema());
  });

  it("every option has a description", async () => {
    const bare: string[] = [];
    const walk = (schema: unknown, path: string): void => {
      if (typeof schema !== "object" || schema === null) return;
      // The fields of a resource are data, not options; docs/guide/script.md names them.
      if (/^\.configurator\/anyOf\/\d+\.resources\/additionalProperties/u.test(path)) return;
      const { properties, ...rest } = schema as Record<string, unknown>;
      for (const [key, option] of Object.entries(properties ?? {}) as [string, object][]) {
        const isNamed = key !== "name" || path === "";
        if (isNamed && !("description" in option)) bare.push(`${path}.${key}`);
        walk(option, `${path}.${key}`);
      }
      for (const [key, value] of Object.entries(rest)) walk(value, `${path}/${key}`);
    };
    walk(await makeDocumentSchema(), "");
    expect(bare).toEqual([]);
  });

  describe("takes and refuses what the loader does", () => {
    const schema = z.fromJSONSchema(
      JSON.parse(readFileSync(SCHEMA_FILE, "utf8")) as z.core.JSONSchema.JSONSchema,
    );
    const good = { ...GOOD, provider: "local" };
    const starter = {
      name: "shop",
      operator: "ada",
      identityFile: "id",
      servers: [{ name: "web", roles: ["web"], address: "192.0.2.1" }],
      format: "yaml",
    } as const;
    it.each([
      ["the YAML example", parse(example("yaml/bootmachine.config.yaml"))],
      ["the JSON example", JSON.parse(example("json/bootmachine.config.json"))],
      ["a starter for local", parse(renderStarterConfig({ ...starter, provider: "local" }))],
      ["a starter for existing", parse(renderStarterConfig({ ...starter, provider: "existing" }))],
      [
        "variables",
        { ...good, concurrency: "${MANY:-5}", ssh: { port: "${PORT}" }, name: "${STAGE}-x" },
      ],
      ["options", { ...good, provider: { name: "local", packageCache: false } }],
      [
        "a package",
        { ...good, provider: "bootmachine-provider-foo", distros: ["./own/distro.js"] },
      ],
    ])("takes %s", (_, value: unknown) => {
      expect(schema.safeParse(value).error?.issues ?? []).toEqual([]);
    });
    it.each([
      ["no servers", { ...good, servers: undefined }],
      ["an unknown option", { ...good, opertor: "ada" }],
      ["an unknown provider", { ...good, provider: "loca" }],
      [
        "an unknown option of a provider",
        { ...good, provider: { name: "local", packagesCache: false } },
      ],
      ["a port that is none", { ...good, ssh: { port: 70_000 } }],
      ["a word that is none", { ...good, users: [{ name: "ada", sudo: "always" }] }],
      ["tasks", { ...good, tasks: {} }],
    ])("refuses %s", (_, value: unknown) => {
      expect(schema.safeParse(value).success).toBe(false);
    });
  });
});

describe("the config reference", () => {
  it("is what the source says (npm run generate)", async () => {
    expect(readFileSync(CONFIG_REFERENCE_FILE, "utf8")).toBe(await renderConfigReference());
  });
});
