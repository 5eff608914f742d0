import { quote } from "./quote.ts";

/** A shell function that writes exactly this text on its standard output, byte for byte. */
export function textFunction(name: string, content: string): string {
  if (content === "") return `${name}() { :; }`;
  // A here-document always ends in a newline; text that does not is a word of the shell's own printing command.
  if (!content.endsWith("\n")) return `${name}() {\n  p_text ${quote(content)}\n}`;
  const lines = new Set(content.split("\n"));
  let delimiter = "BOOTMACHINE";
  while (lines.has(delimiter)) delimiter += "_";
  return `${name}() {\n  cat <<'${delimiter}'\n${content}${delimiter}\n}`;
}
