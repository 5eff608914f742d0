/**
 * Shell text in a template: everything stands as written, backslashes too; only `\${` means `${`.
 * Leading and trailing blank lines and the common indentation go.
 */
export function sh(strings: TemplateStringsArray, ...values: readonly string[]): string {
  const text = strings.raw
    .map((part, index) => part.replaceAll("\\${", "${") + (values[index] ?? ""))
    .join("");
  const lines = text
    .replace(/^\s*\n/, "")
    .replace(/\s+$/, "")
    .split("\n");
  const indents = lines.filter((line) => line.trim() !== "").map((line) => line.search(/\S/));
  const indent = Math.min(...indents);
  return lines.map((line) => line.slice(indent)).join("\n");
}
