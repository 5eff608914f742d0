const TOKEN =
  /[\t\n\r ]*(?:("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w))|([[\]{},:]))/y;

interface Token {
  readonly start: number;
  readonly kind: "text" | "scalar" | "mark";
  readonly mark: string;
}

/** The offset of the first thing in a text that keeps it from being JSON; undefined where it is JSON. */
export function findJsonError(source: string): number | undefined {
  let at = 0;
  const skipBlanks = (): void => {
    while (/[\t\n\r ]/.test(source[at] ?? "")) at++;
  };
  const next = (): Token | undefined => {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(source);
    skipBlanks();
    if (match === null) return undefined;
    const start = at;
    at = TOKEN.lastIndex;
    const mark = match[3];
    if (mark !== undefined) return { start, kind: "mark", mark };
    return { start, kind: match[1] === undefined ? "scalar" : "text", mark: "" };
  };
  // What closes each open list or object; the parser looks for a value, or for what follows one.
  const open: ("]" | "}")[] = [];
  let wants: "value" | "value or end" | "key" | "key or end" | "after" = "value";
  for (;;) {
    const token = next();
    if (token === undefined) {
      const isDone = at >= source.length && open.length === 0 && wants === "after";
      return isDone ? undefined : at;
    }
    const { start, kind, mark } = token;
    const closes = open.at(-1);
    if (wants === "after") {
      if (closes !== undefined && mark === ",") wants = closes === "]" ? "value" : "key";
      else if (closes !== undefined && mark === closes) open.pop();
      else return start;
    } else if (mark !== "" && mark === closes && wants.endsWith("or end")) {
      open.pop();
      wants = "after";
    } else if (wants.startsWith("key")) {
      if (kind !== "text") return start;
      const colon = next();
      if (colon?.mark !== ":") return colon?.start ?? at;
      wants = "value";
    } else if (mark === "[" || mark === "{") {
      open.push(mark === "[" ? "]" : "}");
      wants = mark === "[" ? "value or end" : "key or end";
    } else if (mark === "") wants = "after";
    else return start;
  }
}
