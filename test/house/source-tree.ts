import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { globSync } from "node:fs";

import { parseSync } from "oxc-parser";

export const ROOT = resolve(import.meta.dirname, "../..");

/** A node of the syntax tree, as far as these tests look at it. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

export interface ImportedModule {
  /** As written. */
  readonly specifier: string;
  /** Path below the root for a relative import, such as `src/errors/error.ts`. */
  readonly file: string | undefined;
  /** True where only types are imported: nothing is loaded at run time. */
  readonly isTypeOnly: boolean;
  readonly line: number;
}

export interface SourceFile {
  /** Path below the root, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly ImportedModule[];
  readonly body: readonly SyntaxNode[];
  readonly comments: readonly { readonly text: string; readonly line: number }[];
}

/** Paths below the root that match, sorted; git's ignored folders are left out. */
export function listFiles(...patterns: readonly string[]): readonly string[] {
  return patterns
    .flatMap((pattern) => globSync(pattern, { cwd: ROOT }))
    .filter((path) => !/(^|\/)(node_modules|dist|\.cache|\.bootmachine|coverage)\//.test(path))
    .sort();
}

export function readSource(path: string): SourceFile {
  const text = readFileSync(resolve(ROOT, path), "utf8");
  const parsed = parseSync(path, text);
  const problem = parsed.errors[0];
  if (problem !== undefined) throw new Error(`${path}: ${problem.message}`);
  const line = (offset: number): number => text.slice(0, offset).split("\n").length;
  const target = (specifier: string): string | undefined =>
    specifier.startsWith(".") ? relative(ROOT, resolve(ROOT, dirname(path), specifier)) : undefined;

  const imports: ImportedModule[] = [];
  for (const found of parsed.module.staticImports) {
    const specifier = found.moduleRequest.value;
    imports.push({
      specifier,
      file: target(specifier),
      isTypeOnly: found.entries.length > 0 && found.entries.every((entry) => entry.isType),
      line: line(found.start),
    });
  }
  for (const found of parsed.module.staticExports) {
    const entry = found.entries.find(({ moduleRequest }) => moduleRequest !== null);
    if (entry?.moduleRequest === null || entry === undefined) continue;
    const specifier = entry.moduleRequest.value;
    const isTypeOnly = found.entries.every(({ isType }) => isType);
    imports.push({ specifier, file: target(specifier), isTypeOnly, line: line(found.start) });
  }
  for (const found of parsed.module.dynamicImports) {
    const source = text.slice(found.moduleRequest.start, found.moduleRequest.end);
    const literal = /^["']([^"']+)["']$/.exec(source)?.[1];
    if (literal === undefined) continue;
    imports.push({
      specifier: literal,
      file: target(literal),
      isTypeOnly: false,
      line: line(found.start),
    });
  }
  return {
    path,
    text,
    imports,
    body: parsed.program.body as unknown as readonly SyntaxNode[],
    comments: parsed.comments.map((comment) => ({
      text: comment.value,
      line: line(comment.start),
    })),
  };
}

export function readSources(...patterns: readonly string[]): readonly SourceFile[] {
  return listFiles(...patterns).map((path) => readSource(path));
}

export function lineOf(file: SourceFile, node: SyntaxNode): number {
  return file.text.slice(0, node.start).split("\n").length;
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

/** Every node below `node`, itself included. `enter` returns false to leave out what is below one. */
export function* walk(
  node: SyntaxNode,
  enter: (node: SyntaxNode) => boolean = () => true,
): Generator<SyntaxNode> {
  yield node;
  if (!enter(node)) return;
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) yield* walk(child, enter);
    }
  }
}

/** The name of an identifier, or undefined. */
export function nameOf(node: unknown): string | undefined {
  return isNode(node) && node.type === "Identifier" && typeof node["name"] === "string"
    ? node["name"]
    : undefined;
}

/** `process.env` for a member expression of plain names, or undefined. */
export function memberNameOf(node: SyntaxNode): string | undefined {
  if (node.type !== "MemberExpression") return undefined;
  const object = nameOf(node["object"]);
  const property = nameOf(node["property"]);
  return object === undefined || property === undefined ? undefined : `${object}.${property}`;
}
