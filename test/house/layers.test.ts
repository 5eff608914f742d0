import { describe, expect, test } from "vitest";

import {
  isNode,
  lineOf,
  memberNameOf,
  nameOf,
  readSources,
  walk,
  type ImportedModule,
  type SourceFile,
  type SyntaxNode,
} from "./source-tree.ts";

const sources = readSources("src/**/*.ts");

/**
 * The layers, lowest first; a file may import its own layer and lower ones. The first line that matches
 * a path decides, so that contracts stand below the folders that they are in.
 */
const LAYERS: readonly (readonly [pattern: RegExp, rank: number])[] = [
  [/^src\/(errors\/|version\.ts$)/, 0],
  [/^src\/(providers|distros|configurators|transport)\/contract\.ts$/, 1],
  [/^src\/(program|transport)\//, 1],
  [/^src\/configurators\/server-data\.ts$/, 1],
  [/^src\/host\/facts\.ts$/, 1],
  [/^src\/stack\//, 2],
  [/^src\/(host|cloud)\//, 3],
  [/^src\/(distros|providers|configurators|baseline|proof)\//, 4],
  [/^src\/fleet\//, 5],
  [/^src\/report\//, 6],
  // What outsiders import, and the list of built-in plug-ins: above all that they gather, below the CLI.
  [/^src\/(index|plugin|testing|builtins)\.ts$/, 7],
  [/^src\/testing\//, 7],
  [/^src\/cli\//, 8],
];

function rankOf(path: string): number {
  const rank = LAYERS.find(([pattern]) => pattern.test(path))?.[1];
  if (rank === undefined) throw new Error(`${path} is in no layer: add it to LAYERS or move it`);
  return rank;
}

/** `providers/local` for `src/providers/local/image.ts`; undefined for contracts and for what is no plug-in. */
function plugInOf(path: string): string | undefined {
  const match = /^src\/(providers|distros|configurators)\/([^/]+?)(\.ts)?(\/|$)/.exec(path);
  return match === null || ["contract", "server-data"].includes(match[2] ?? "")
    ? undefined
    : `${match[1]}/${match[2]}`;
}

function violations(check: (file: SourceFile, found: ImportedModule) => string | undefined) {
  return sources.flatMap((file) =>
    file.imports.flatMap((found) => {
      const message = check(file, found);
      return message === undefined ? [] : [`${file.path}:${found.line} ${message}`];
    }),
  );
}

function nodesThat(file: SourceFile, claim: (node: SyntaxNode) => boolean): readonly string[] {
  return file.body.flatMap((statement) =>
    [...walk(statement)]
      .filter((node) => claim(node))
      .map((node) => `${file.path}:${lineOf(file, node)}`),
  );
}

describe("layers", () => {
  test("there is something to look at", () => {
    expect(sources.length).toBeGreaterThan(15);
    expect(sources.flatMap(({ imports }) => imports).length).toBeGreaterThan(30);
  });

  test("a lower layer never imports a higher one", () => {
    expect(
      violations(({ path }, { file }) =>
        file !== undefined && rankOf(file) > rankOf(path) ? `imports ${file}` : undefined,
      ),
    ).toEqual([]);
  });

  test("a plug-in never imports another plug-in", () => {
    expect(
      violations(({ path }, { file }) => {
        const own = plugInOf(path);
        const other = file === undefined ? undefined : plugInOf(file);
        return own !== undefined && other !== undefined && own !== other
          ? `imports ${file}`
          : undefined;
      }),
    ).toEqual([]);
  });

  // stack/identity.ts asks ssh-keygen for the public half of a key; controller-run.ts runs the user's tool at the user's side;
  // command-world.ts runs the command as its users do.
  test("child processes are started where they are expected only", () => {
    expect(
      violations(({ path }, { specifier }) =>
        /^(node:child_process|execa)$/.test(specifier) &&
        !/^src\/(transport\/|providers\/local\/|cli\/|stack\/identity\.ts$|fleet\/configurator\/controller-run\.ts$|testing\/command-world\.ts$)/.test(
          path,
        )
          ? `imports ${specifier}`
          : undefined,
      ),
    ).toEqual([]);
  });

  test("ssh is named as a program in the transport only", () => {
    const programs = /^(\/usr\/bin\/)?(ssh|scp|sftp|ssh-keyscan)$/;
    const calls = sources
      .filter(({ path }) => !path.startsWith("src/transport/"))
      .flatMap((file) =>
        nodesThat(file, (node) => {
          if (node.type !== "CallExpression" || !Array.isArray(node["arguments"])) return false;
          if (
            !/^(execa|spawn|spawnSync|execFile|execFileSync)$/.test(nameOf(node["callee"]) ?? "")
          ) {
            return false;
          }
          const first: unknown = node["arguments"][0];
          return isNode(first) && programs.test(String(first["value"]));
        }),
      );
    expect(calls).toEqual([]);
  });

  test("only the CLI reads process.env and process.argv", () => {
    const forbidden = new Set(["process.env", "process.argv"]);
    const found = sources
      .filter(({ path }) => !path.startsWith("src/cli/"))
      .flatMap((file) => [
        ...nodesThat(file, (node) => forbidden.has(memberNameOf(node) ?? "")),
        ...file.imports
          .filter(({ specifier }) => specifier === "node:process")
          .map(({ line }) => `${file.path}:${line}`),
      ]);
    expect(found).toEqual([]);
  });

  test("nobody calls process.exit", () => {
    expect(
      sources.flatMap((file) => nodesThat(file, (node) => memberNameOf(node) === "process.exit")),
    ).toEqual([]);
  });

  test("only the CLI writes to the process's own streams", () => {
    const forbidden = new Set(["process.stdout", "process.stderr", "process.stdin"]);
    const found = sources
      .filter(({ path }) => !path.startsWith("src/cli/"))
      .flatMap((file) => nodesThat(file, (node) => forbidden.has(memberNameOf(node) ?? "")));
    expect(found).toEqual([]);
  });
});

describe("importing a module does nothing", () => {
  const entry = "src/cli/main.ts";
  const pureGlobals = new Set([
    "Array",
    "BigInt",
    "Boolean",
    "JSON",
    "Map",
    "Math",
    "Number",
    "Object",
    "Promise",
    "RegExp",
    "Set",
    "String",
    "Symbol",
    "TextDecoder",
    "TextEncoder",
    "URL",
    "WeakMap",
    "WeakSet",
  ]);
  const pureModules = /^(zod|@stricli\/core|node:(path|url|util)|\.)/;

  test.each(sources.filter(({ path }) => path !== entry))("$path", (file) => {
    const pure = new Set(pureGlobals);
    for (const statement of file.body) {
      if (statement.type === "ImportDeclaration") {
        const source = statement["source"];
        if (!isNode(source) || !pureModules.test(String(source["value"]))) continue;
        for (const specifier of statement["specifiers"] as readonly SyntaxNode[]) {
          const name = nameOf(specifier["local"]);
          if (name !== undefined) pure.add(name);
        }
      }
      for (const node of walk(statement)) {
        const name =
          node.type === "FunctionDeclaration" || node.type === "VariableDeclarator"
            ? nameOf(node["id"])
            : undefined;
        if (name !== undefined) pure.add(name);
      }
    }
    const found = file.body.flatMap((statement) => effectsOf(file, statement, pure));
    expect(found).toEqual([]);
  });
});

/** What a top-level statement does when the module is loaded, apart from declaring things. */
function effectsOf(
  file: SourceFile,
  statement: SyntaxNode,
  pure: ReadonlySet<string>,
): readonly string[] {
  const declarations =
    /^(Import|ExportNamed|ExportAll|ExportDefault|Function|Class|Variable|TS\w+)Declaration$/;
  if (!declarations.test(statement.type) || statement["declare"] === true) {
    return statement["declare"] === true
      ? []
      : [`${file.path}:${lineOf(file, statement)} ${statement.type}`];
  }
  const isRunNow = (node: SyntaxNode): boolean =>
    !/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression|MethodDefinition)$/.test(
      node.type,
    ) && !(node.type === "PropertyDefinition" && node["static"] !== true);
  return [...walk(statement, isRunNow)]
    .filter((node) => {
      if (node.type === "AwaitExpression") return true;
      if (node.type !== "CallExpression" && node.type !== "NewExpression") return false;
      const root = rootOf(node["callee"]);
      return root !== undefined && !pure.has(root);
    })
    .map(
      (node) =>
        `${file.path}:${lineOf(file, node)} ${file.text.slice(node.start, node.start + 40)}`,
    );
}

/** The name that a chain of members and calls begins with: `z` for `z.object({}).strict()`. */
function rootOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === "MemberExpression") return rootOf(node["object"]);
  if (node.type === "CallExpression" || node.type === "NewExpression")
    return rootOf(node["callee"]);
  return nameOf(node);
}
