import { hereDocumentWord } from "./here-document.ts";
import { quote } from "./quote.ts";

/** They begin differently, so that a text can hardly rule all of them out. */
const WORDS = ["BOOTMACHINE", "END_OF_TEXT", "_LAST_LINE_"];

/** A shell function that writes exactly this text on its standard output, byte for byte. */
export function textFunction(name: string, content: string): string {
  if (content === "") return `${name}() { :; }`;
  const word = hereDocumentWord(content, WORDS);
  // A here-document always ends in a newline; text that does not is a word of the shell's own printing command.
  if (word === undefined || !content.endsWith("\n")) {
    return `${name}() {\n  p_text ${quote(content)}\n}`;
  }
  return `${name}() {\n  cat <<'${word}'\n${content}${word}\n}`;
}
