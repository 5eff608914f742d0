import { readFile } from "node:fs/promises";

import { locateInCode } from "./locate-in-code.ts";
import type { LocatePath, Position } from "./problem.ts";

const MOST_BYTES = 1_000_000;
const nowhere: LocatePath = () => undefined;

/** Line and column of an offset, 1-based. */
function positionAt(source: string, offset: number): Position {
  const lineStart = source.lastIndexOf("\n", offset - 1) + 1;
  let line = 1;
  for (
    let index = source.indexOf("\n");
    index !== -1 && index < lineStart;
    index = source.indexOf("\n", index + 1)
  ) {
    line++;
  }
  return { line, column: offset - lineStart + 1 };
}

/** Opens a config file for finding the places of paths in it. Never fails: places it cannot find are absent. */
export async function openLocator(file: string): Promise<LocatePath> {
  let source: string;
  try {
    source = await readFile(file, "utf8");
  } catch {
    return nowhere;
  }
  if (source.length > MOST_BYTES) return nowhere;
  try {
    const locate = /\.(ya?ml|json)$/.test(file)
      ? (await import("./locate-in-document.ts")).locateInDocument(source)
      : locateInCode(source);
    return (path, isAboutKey) => {
      const offset = locate(path, isAboutKey);
      return offset === undefined ? undefined : positionAt(source, offset);
    };
  } catch {
    return nowhere;
  }
}
