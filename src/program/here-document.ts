/**
 * The first of these words that may end a here-document of this text; undefined where none may.
 *
 * No line may be the word itself. And dash loses a byte above 127 that follows a beginning of the word: of a line "Bücher" before
 * the word "BOTTOM" the first byte of its "ü".
 */
export function hereDocumentWord(text: string, words: readonly string[]): string | undefined {
  const lines = text.split("\n");
  return words.find((word) => lines.every((line) => isSafe(line, word)));
}

function isSafe(line: string, word: string): boolean {
  if (line === word) return false;
  let same = 0;
  while (same < word.length && line[same] === word[same]) same += 1;
  return same === 0 || !(line.charCodeAt(same) > 127);
}
