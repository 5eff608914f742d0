/** Text as one word of POSIX sh. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Words of POSIX sh, one blank between them. */
export function shellWords(texts: readonly string[]): string {
  return texts.map(shellWord).join(" ");
}
