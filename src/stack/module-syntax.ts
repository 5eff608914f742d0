import { skipLiteral, skipSpace, skipValue, wordAt } from "./scan-code.ts";

/**
 * Whether JavaScript or TypeScript text is an ES module by its syntax: it imports or exports at its top level, something
 * else than types. Comments, texts and what is in brackets do not count. Never throws, whatever the text.
 */
export function hasModuleSyntax(source: string): boolean {
  let mayBeginRegExp = true;
  let isMember = false;
  const start = /^#!.*/.exec(source)?.[0].length ?? 0;
  for (let at = skipSpace(source, start); at < source.length; at = skipSpace(source, at)) {
    const character = source[at] ?? "";
    const word = wordAt(source, at);
    if (word !== "") {
      at += word.length;
      if (!isMember && isModuleStatement(word, source, skipSpace(source, at))) return true;
      mayBeginRegExp = false;
      isMember = false;
      continue;
    }
    isMember = character === ".";
    const behind = skipLiteral(source, at, mayBeginRegExp);
    if (behind > at) {
      at = behind;
      mayBeginRegExp = false;
    } else if ("([{".includes(character)) {
      at = skipValue(source, at + 1, true) + 1;
      mayBeginRegExp = false;
    } else {
      mayBeginRegExp = !/[\w$)\]}]/.test(character);
      at++;
    }
  }
  return false;
}

/** `rest`: where the text goes on behind the word. Both words are reserved, so that nothing else is called so. */
function isModuleStatement(word: string, source: string, rest: number): boolean {
  if (word !== "import" && word !== "export") return false;
  // `import("x")` may stand in a script as well.
  if (word === "import" && source[rest] === "(") return false;
  // `import type { X } from "x"` and `export type X = 1` are left out before the code runs.
  const next = wordAt(source, rest);
  if (next === "interface" || next === "declare") return false;
  if (next !== "type") return true;
  // `import type from "x"` is an import that is called "type".
  return wordAt(source, skipSpace(source, rest + next.length)) === "from";
}
