import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { relative, resolve } from "node:path";

import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";

import packageJson from "../../package.json" with { type: "json" };
import { ROOT } from "./source-tree.ts";

interface ToolResult {
  readonly status: number | null;
  readonly output: string;
}

/** Runs one of the development tools; colour off, so that its words can be read in a test report. */
function runTool(command: string, ...parameters: readonly string[]): Promise<ToolResult> {
  return new Promise((done, fail) => {
    const local = resolve(ROOT, "node_modules/.bin", command);
    const child = spawn(existsSync(local) ? local : command, parameters, {
      cwd: ROOT,
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 100_000,
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.once("error", fail);
    child.once("close", (status) => {
      done({ status, output });
    });
  });
}

const clean = { status: 0, output: expect.any(String) as string };

describe("the whole tree", { timeout: 120_000 }, () => {
  test("is formatted (npm run format)", async () => {
    expect(await runTool("oxfmt", "--check", ".")).toEqual(clean);
  });

  test("passes the type-aware lint (npm run lint)", async () => {
    expect(await runTool("oxlint", "--deny-warnings", ".")).toEqual(clean);
  });

  test("has no type error (npm run types)", async () => {
    expect(await runTool("tsc", "-p", "tsconfig.json")).toEqual(clean);
  });

  test("has no dead code and no dependency too many or too few (knip)", async () => {
    expect(await runTool("knip", "--no-progress", "--treat-config-hints-as-errors")).toEqual(clean);
  });
});

describe("the package", { timeout: 60_000 }, () => {
  let packed: readonly string[] = [];

  beforeAll(async () => {
    const { output } = await runTool(
      "npm",
      "pack",
      "--dry-run",
      "--ignore-scripts",
      "--json",
      "--loglevel=silent",
    );
    const list = z.array(z.object({ files: z.array(z.object({ path: z.string() })) }));
    const record = z.record(
      z.string(),
      z.object({ files: z.array(z.object({ path: z.string() })) }),
    );
    const parsed = z.union([list, record]).parse(JSON.parse(output));
    packed = Object.values(parsed).flatMap(({ files }) => files.map(({ path }) => path));
  });

  test("has the shape that bundlers and runtimes expect (publint)", async () => {
    const { messages } = await publint({ pkgDir: ROOT, strict: true });
    expect(
      messages.map((message) => formatMessage(message, packageJson, { color: false })),
    ).toEqual([]);
  });

  test("holds what is promised", () => {
    const promised = ["README.md", "LICENSE", "package.json", packageJson.bin.bootmachine];
    for (const target of Object.values(packageJson.exports)) {
      promised.push(...(typeof target === "string" ? [target] : Object.values(target)));
    }
    const missing = promised
      .map((path) => path.replace(/^\.\//, ""))
      .filter((path) => !packed.includes(path));
    expect(missing).toEqual([]);
  });

  test("holds nothing else", () => {
    const known =
      /^(dist\/.+\.(js|d\.ts)|schema\/.+\.json|README\.md|LICENSE|package\.json|dist\/.+\.(sh|txt)|dist\/configurators\/[^/]+\/starter-kit\/.+)$/;
    expect(packed.filter((path) => !known.test(path))).toEqual([]);
  });

  test("holds every file of the starter kits: npm leaves out names such as .gitignore", () => {
    const source = resolve(ROOT, "src");
    const kits = readdirSync(resolve(source, "configurators"), {
      recursive: true,
      withFileTypes: true,
    })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(source, resolve(entry.parentPath, entry.name)))
      .filter((path) => /^configurators\/[^/]+\/starter-kit\//.test(path));
    expect(kits.filter((path) => !packed.includes(`dist/${path}`))).toEqual([]);
  });

  test("carries no test, fixture or note of this computer", () => {
    expect(
      packed.filter((path) => /(^|\/)(test|lab|bench|\.cache|\.bootmachine)\//.test(path)),
    ).toEqual([]);
  });

  test("says how to run its command: the entry has a shebang", async () => {
    const { output } = await runTool("head", "-n", "1", packageJson.bin.bootmachine);
    expect(output).toBe("#!/usr/bin/env node\n");
  });
});
