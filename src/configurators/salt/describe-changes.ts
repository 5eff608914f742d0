/**
 * The changes of a state as lines. They are free-form: `{diff: TEXT}` for files, `{NAME: {old, new}}` for packages, nested by
 * path for folders, and whatever else a state's author chose.
 */
export function describeChanges(changes: unknown): readonly string[] {
  if (changes === null || changes === undefined) return [];
  if (!isObject(changes))
    return Array.isArray(changes) ? changes.flatMap(describeChanges) : linesOf(changes);
  return Object.entries(changes).flatMap(([name, value]) => {
    if (name === "diff" && typeof value === "string") return linesOf(value);
    if (isObject(value)) {
      if (isOldAndNew(value)) return [`${name}: ${shown(value["old"])} -> ${shown(value["new"])}`];
      const inner = describeChanges(value);
      return inner.length === 0 ? [] : [`${name}:`, ...inner.map((line) => `  ${line}`)];
    }
    const lines = linesOf(value);
    return lines.length > 1
      ? [`${name}:`, ...lines.map((line) => `  ${line}`)]
      : [`${name}: ${lines[0] ?? ""}`];
  });
}

function isOldAndNew(value: Readonly<Record<string, unknown>>): boolean {
  const keys = Object.keys(value);
  return keys.length === 2 && keys.includes("old") && keys.includes("new");
}

function linesOf(value: unknown): readonly string[] {
  return shown(value).replace(/\n$/, "").split("\n");
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
