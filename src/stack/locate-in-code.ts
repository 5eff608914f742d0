import type { ConfigPath } from "./problem.ts";
import { skipSpace, skipValue, wordAt } from "./scan-code.ts";

/** A value written in the source, as far as it is written out. */
interface CodeNode {
  readonly start: number;
  /** Offset of the key in front of it. */
  readonly keyStart: number | undefined;
  readonly children: ReadonlyMap<string | number, CodeNode>;
  /** The value is a name that may be declared elsewhere in the file. */
  readonly reference: string | undefined;
}

const NO_CHILDREN: ReadonlyMap<string | number, CodeNode> = new Map();

/** Reads a key of an object literal: its text, and the offset behind it; undefined for anything else. */
function readKey(
  source: string,
  at: number,
): { readonly key: string; readonly end: number } | undefined {
  const character = source[at];
  if (character === '"' || character === "'") {
    const end = source.indexOf(character, at + 1);
    const text = source.slice(at + 1, end);
    return end === -1 || text.includes("\\") ? undefined : { key: text, end: end + 1 };
  }
  const word = wordAt(source, at);
  return word === "" ? undefined : { key: word, end: at + word.length };
}

function readObject(source: string, start: number): ReadonlyMap<string | number, CodeNode> {
  const children = new Map<string | number, CodeNode>();
  let at = skipSpace(source, start + 1);
  while (at < source.length && source[at] !== "}") {
    const keyStart = at;
    const key = readKey(source, at);
    if (key === undefined) at = skipValue(source, at);
    else {
      const next = skipSpace(source, key.end);
      if (source[next] === ":") {
        const { node, end } = readValue(source, skipSpace(source, next + 1), keyStart);
        children.set(key.key, node);
        at = end;
      } else {
        const isShorthand = source[next] === "," || source[next] === "}";
        children.set(key.key, {
          start: keyStart,
          keyStart,
          children: NO_CHILDREN,
          reference: isShorthand ? key.key : undefined,
        });
        at = skipValue(source, keyStart);
      }
    }
    if (source[at] === ",") at = skipSpace(source, at + 1);
  }
  return children;
}

function readArray(source: string, start: number): ReadonlyMap<string | number, CodeNode> {
  const children = new Map<string | number, CodeNode>();
  let at = skipSpace(source, start + 1);
  for (let index = 0; at < source.length && source[at] !== "]"; index++) {
    // Behind a spread nobody knows the index.
    if (source.startsWith("...", at)) break;
    const { node, end } = readValue(source, at, undefined);
    children.set(index, node);
    at = end;
    if (source[at] === ",") at = skipSpace(source, at + 1);
  }
  return children;
}

/** Reads the value that begins here, up to the comma or bracket that ends it. */
function readValue(
  source: string,
  start: number,
  keyStart: number | undefined,
): { readonly node: CodeNode; readonly end: number } {
  const end = skipValue(source, start);
  const opens = source[start];
  if (opens === "{" || opens === "[") {
    const close = skipSpace(source, skipValue(source, start + 1, true) + 1);
    // `[...].map(...)` makes another list; `as const` and `satisfies` do not.
    const rest = source.slice(close, end).trim();
    if (rest === "" || /^(as|satisfies)\b/.test(rest)) {
      const children = opens === "{" ? readObject(source, start) : readArray(source, start);
      return { node: { start, keyStart, children, reference: undefined }, end };
    }
  }
  const text = source
    .slice(start, end)
    .replace(/\s+(as|satisfies)\s[^]*$/, "")
    .trim();
  const reference = /^[A-Za-z_$][\w$]*$/.test(text) ? text : undefined;
  return { node: { start, keyStart, children: NO_CHILDREN, reference }, end };
}

/** The offset behind `NAME =` of a name that is declared exactly once at the beginning of a line. */
function findDeclaration(source: string, name: string): number | undefined {
  const pattern = new RegExp(
    `^(?:export\\s+)?(?:const|let|var)\\s+${name.replace(/\$/g, "\\$")}\\b[^=\\n]*=(?!=|>)`,
    "gm",
  );
  const found = [...source.matchAll(pattern)];
  const [only] = found;
  return found.length === 1 && only !== undefined
    ? skipSpace(source, only.index + only[0].length)
    : undefined;
}

/** The expression behind the only `return` of a function's block. */
function findReturn(source: string, blockStart: number): number | undefined {
  const end = skipValue(source, blockStart + 1, true);
  const returns: number[] = [];
  for (let at = skipSpace(source, blockStart + 1); at < end;) {
    const word = wordAt(source, at);
    if (word === "return") returns.push(skipSpace(source, at + word.length));
    if (word !== "") at += word.length;
    else if (/["'`{([]/.test(source[at] ?? "")) at = skipPiece(source, at);
    else at++;
    at = skipSpace(source, at);
  }
  return returns.length === 1 ? returns[0] : undefined;
}

/** Behind one bracketed or quoted piece. */
function skipPiece(source: string, at: number): number {
  const opens = source[at] ?? "";
  if ("{([".includes(opens)) return skipValue(source, at + 1, true) + 1;
  const end = skipValue(`${source.slice(at)},`, 0);
  const quote = source.indexOf(opens, at + 1);
  return quote === -1 ? at + end : quote + 1;
}

/** The object that an expression is, through defineStack(...), functions, parentheses and names. */
function findObject(source: string, start: number, depth = 0): CodeNode | undefined {
  if (depth > 12) return undefined;
  const at = skipSpace(source, start);
  const follow = (offset: number | undefined): CodeNode | undefined =>
    offset === undefined ? undefined : findObject(source, offset, depth + 1);
  if (source[at] === "{") return readValue(source, at, undefined).node;
  if (source[at] === "(") {
    const close = skipValue(source, at + 1, true);
    const arrow = /^\s*(?::[^=]*)?=>/.exec(source.slice(close + 1, close + 200));
    if (arrow === null) return follow(at + 1);
    const body = skipSpace(source, close + 1 + arrow[0].length);
    return source[body] === "{" ? follow(findReturn(source, body)) : follow(body);
  }
  const word = wordAt(source, at);
  if (word === "") return undefined;
  const next = skipSpace(source, at + word.length);
  if (word === "async" || word === "await") return follow(next);
  if (word === "function") {
    const open = source.indexOf("(", next);
    const block = open === -1 ? -1 : source.indexOf("{", skipValue(source, open + 1, true));
    return block === -1 ? undefined : follow(findReturn(source, block));
  }
  if (source[next] === "(") return word === "defineStack" ? follow(next + 1) : undefined;
  if (/^\s*=>/.test(source.slice(next, next + 4))) {
    const body = skipSpace(source, source.indexOf("=>", next) + 2);
    return source[body] === "{" ? follow(findReturn(source, body)) : follow(body);
  }
  return follow(findDeclaration(source, word));
}

/**
 * Finds the offset of a path in a TypeScript or JavaScript config: a light reading of its object literals
 * that stops where the value is computed, and then gives the nearest place above.
 */
export function locateInCode(
  source: string,
): (path: ConfigPath, isAboutKey: boolean) => number | undefined {
  const declared = /^export\s+default\b/m.exec(source);
  const root =
    declared === null ? undefined : findObject(source, declared.index + declared[0].length);
  return (path, isAboutKey) => {
    let node = root;
    for (const [index, segment] of path.entries()) {
      let holder = node;
      if (holder !== undefined && holder.children.size === 0 && holder.reference !== undefined) {
        const declaration = findDeclaration(source, holder.reference);
        holder =
          declaration === undefined ? holder : readValue(source, declaration, holder.keyStart).node;
      }
      const child = holder?.children.get(segment);
      if (child === undefined) return node?.start;
      if (isAboutKey && index === path.length - 1) return child.keyStart ?? child.start;
      node = child;
    }
    return node?.start;
  };
}
