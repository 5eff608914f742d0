import { quote } from "./quote.ts";

/** Words that end a here-document; they begin differently, so that a text can hardly rule all of them out. */
const DELIMITERS = ["BOOTMACHINE", "END_OF_TEXT", "_LAST_LINE_"];

/** A shell function that writes exactly this text on its standard output, byte for byte. */
export function textFunction(name: string, content: string): string {
  if (content === "") return `${name}() { :; }`;
  const lines = content.split("\n");
  const delimiter = DELIMITERS.find((word) => lines.every((line) => isSafe(line, word)));
  // A here-document always ends in a newline; text that does not is a word of the shell's own printing command.
  if (delimiter === undefined || !content.endsWith("\n")) {
    return `${name}() {\n  p_text ${quote(content)}\n}`;
  }
  return `${name}() {\n  cat <<'${delimiter}'\n${content}${delimiter}\n}`;
}

/**
 * Whether the line comes through a here-document that this word ends. dash loses a byte above 127 that follows a beginning of
 * the word: of "Bücher" before BOOTMACHINE the first byte of its "ü".
 */
function isSafe(line: string, delimiter: string): boolean {
  if (line === delimiter) return false;
  let same = 0;
  while (same < delimiter.length && line[same] === delimiter[same]) same += 1;
  return same === 0 || !(line.charCodeAt(same) > 127);
}
