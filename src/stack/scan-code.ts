/** The identifier that begins here, or "". */
export function wordAt(source: string, at: number): string {
  const pattern = /[A-Za-z_$][\w$]*/y;
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0] ?? "";
}

/** Behind white space and comments. */
export function skipSpace(source: string, start: number): number {
  let at = start;
  for (;;) {
    while (at < source.length && /\s/.test(source[at] ?? "")) at++;
    if (source.startsWith("//", at)) {
      const end = source.indexOf("\n", at);
      at = end === -1 ? source.length : end;
    } else if (source.startsWith("/*", at)) {
      const end = source.indexOf("*/", at + 2);
      at = end === -1 ? source.length : end + 2;
    } else return at;
  }
}

/** Behind a text in quotes that begins here; `${...}` in a template is walked. */
function skipQuoted(source: string, start: number): number {
  const quote = source[start];
  let at = start + 1;
  while (at < source.length && source[at] !== quote) {
    if (source[at] === "\\") at += 2;
    else if (quote === "`" && source.startsWith("${", at)) at = skipValue(source, at + 2, true) + 1;
    else at++;
  }
  return at + 1;
}

/** Behind a regular expression that begins here. */
function skipRegExp(source: string, start: number): number {
  let isInClass = false;
  let at = start + 1;
  while (at < source.length && source[at] !== "\n") {
    const character = source[at];
    if (character === "\\") at++;
    else if (character === "[") isInClass = true;
    else if (character === "]") isInClass = false;
    else if (character === "/" && !isInClass) return at + 1;
    at++;
  }
  return at;
}

/** Behind the text or the regular expression that begins at `at`; `at` itself where none does. */
export function skipLiteral(source: string, at: number, mayBeginRegExp: boolean): number {
  const character = source[at];
  if (character === '"' || character === "'" || character === "`") return skipQuoted(source, at);
  return character === "/" && mayBeginRegExp ? skipRegExp(source, at) : at;
}

/**
 * Walks over code and stops at the closing bracket that was opened before `start`; without `overCommas`
 * at a comma outside inner brackets as well.
 */
export function skipValue(source: string, start: number, overCommas = false): number {
  let depth = 0;
  // A slash after a value divides; after an operator or bracket it begins a regular expression.
  let mayBeginRegExp = true;
  for (let at = skipSpace(source, start); at < source.length; at = skipSpace(source, at)) {
    const character = source[at] ?? "";
    const behind = skipLiteral(source, at, mayBeginRegExp);
    if (behind > at) {
      at = behind;
      mayBeginRegExp = false;
    } else if ("([{".includes(character)) {
      depth++;
      at++;
      mayBeginRegExp = true;
    } else if (")]}".includes(character)) {
      if (depth === 0) return at;
      depth--;
      at++;
      mayBeginRegExp = false;
    } else if ((character === "," && !overCommas) || (character === ";" && !overCommas)) {
      if (depth === 0) return at;
      at++;
      mayBeginRegExp = true;
    } else {
      mayBeginRegExp = !/[\w$]/.test(character);
      at++;
    }
  }
  return source.length;
}
