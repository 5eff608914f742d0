import { readFileSync } from "node:fs";
import { dirname, isAbsolute, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { UserError } from "../errors/error.ts";
import { renderCodeFrame } from "./code-frame.ts";
import { removeMarks } from "./import-natively.ts";

/** Where in the user's own files something failed. */
export interface CodePlace {
  readonly file: string;
  readonly line: number | undefined;
  readonly column: number | undefined;
}

function toPath(text: string): string | undefined {
  const clean = removeMarks(text);
  if (clean.startsWith("file:")) {
    try {
      return fileURLToPath(clean);
    } catch {
      return undefined;
    }
  }
  return isAbsolute(clean) ? clean : undefined;
}

/** Node puts `FILE:LINE`, the source line and a row of carets before the stack of an error of syntax. */
function placeFromHead(stack: string): CodePlace | undefined {
  const lines = stack.split("\n");
  const head = /^((?:file:\/\/|\/|[A-Za-z]:\\).*):(\d+)$/.exec(lines[0] ?? "");
  const file = toPath(head?.[1] ?? "");
  if (head === null || file === undefined) return undefined;
  const carets = lines.slice(1, 6).find((line) => /^\s*\^+\s*$/.test(line));
  return {
    file,
    line: Number(head[2]),
    column: carets === undefined ? undefined : carets.indexOf("^") + 1,
  };
}

/** The topmost frame of the stack that lies in the user's own files. */
function placeFromFrames(stack: string, directory: string): CodePlace | undefined {
  for (const line of stack.split("\n")) {
    const frame = /^\s+at (?:.*\()?((?:file:\/\/|\/|[A-Za-z]:\\)[^()]*):(\d+):(\d+)\)?$/.exec(line);
    const file = toPath(frame?.[1] ?? "");
    if (frame === null || file === undefined) continue;
    const way = relative(directory, file);
    const isUsers = !way.startsWith("..") && !isAbsolute(way) && !way.includes("node_modules");
    if (isUsers) return { file, line: Number(frame[2]), column: Number(frame[3]) };
  }
  return undefined;
}

/** The import of a module that does not exist. */
function placeFromImport(message: string): CodePlace | undefined {
  const match = /^Cannot find (?:module|package) '(.+?)' imported from (.+)$/.exec(
    message.split("\n")[0] ?? "",
  );
  const file = toPath(match?.[2] ?? "");
  const wanted = match?.[1];
  if (file === undefined || wanted === undefined) return undefined;
  const name = removeMarks(wanted).split("/").at(-1) ?? wanted;
  const lines = readSource(file)?.split("\n") ?? [];
  const index = lines.findIndex((line) => /\b(import|from)\b/.test(line) && line.includes(name));
  if (index === -1) return { file, line: undefined, column: undefined };
  return { file, line: index + 1, column: (lines[index] ?? "").indexOf(name) + 1 };
}

function readSource(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** The place in the user's files from which an error came. */
export function findCodePlace(thrown: unknown, configFile: string): CodePlace | undefined {
  if (!(thrown instanceof Error) && !isErrorLike(thrown)) return undefined;
  const stack = thrown.stack ?? "";
  return (
    placeFromImport(thrown.message) ??
    placeFromHead(stack) ??
    placeFromFrames(stack, dirname(configFile))
  );
}

function isErrorLike(value: unknown): value is Error {
  return (
    typeof value === "object" &&
    value !== null &&
    "message" in value &&
    typeof value.message === "string"
  );
}

const SYNTAX_HINT =
  "Node runs TypeScript by leaving the types out. An enum, a namespace with code, a parameter property or `import x = require()` is more than a type: write it in plain JavaScript (for an enum, a `const` object or a union of strings).";

/** What was thrown, in a sentence for the user. */
function describe(thrown: unknown): {
  readonly message: string;
  readonly hint: string | undefined;
} {
  if (!isErrorLike(thrown))
    return {
      message: `it threw ${JSON.stringify(thrown) ?? String(thrown)}`,
      hint: `Nothing but ${typeof thrown === "string" ? "a text" : "a value"} was thrown, so that no line is known: throw new Error("…") instead.`,
    };
  const code = "code" in thrown ? thrown.code : undefined;
  const message = removeMarks(thrown.message).split("\n")[0] ?? "";
  if (code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX") {
    return { message: message.replace(" in strip-only mode", ""), hint: SYNTAX_HINT };
  }
  if (code === "ERR_MODULE_NOT_FOUND") {
    const match = /^Cannot find (module|package) '(.+?)' imported from/.exec(message);
    if (match?.[1] === "package") {
      return {
        message: `the package "${match[2]}" is not installed here`,
        hint: `Install it beside the config: \`npm install ${match[2]}\`.`,
      };
    }
    if (match !== null) {
      return {
        message: `there is no file ${match[2]}`,
        hint: "Imports of your own files need their extension, such as ./users.ts.",
      };
    }
  }
  if (thrown.name === "SyntaxError")
    return { message: `syntax error: ${message}`, hint: undefined };
  return {
    message: thrown.name === "Error" ? message : `${thrown.name}: ${message}`,
    hint: undefined,
  };
}

/** The error that shows the user's own line, and no stack of ours. */
export function makeCodeError(thrown: unknown, configFile: string): UserError {
  const place = findCodePlace(thrown, configFile) ?? {
    file: configFile,
    line: undefined,
    column: undefined,
  };
  const { message, hint } = describe(thrown);
  const where = [place.file, place.line, place.column]
    .filter((part) => part !== undefined)
    .join(":");
  const source = place.line === undefined ? undefined : readSource(place.file);
  const frame =
    source === undefined || place.line === undefined
      ? []
      : ["", ...renderCodeFrame(source, place.line, place.column)];
  return new UserError("CONFIG_CODE_FAILED", [`${where}: ${message}`, ...frame].join("\n"), {
    hint,
    cause: thrown,
    problems: [
      {
        path: "",
        message,
        file: place.file,
        ...(place.line === undefined ? {} : { line: place.line }),
        ...(place.column === undefined ? {} : { column: place.column }),
      },
    ],
  });
}
