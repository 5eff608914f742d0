/** What Salt itself says in place of a diff, in which there is nothing of the file. */
const NO_CONTENT = new Set(["New file", "Replace binary file", "<show_changes=False>"]);

const HIDDEN = "content changed (showDiff: true would show how)";

/**
 * The changes of a state as lines. They are free-form: `{diff: TEXT}` for files, `{NAME: {old, new}}` for packages, nested by
 * path for folders, and whatever else a state's author chose.
 *
 * @param showDiff false: of what changes inside a file only that it does
 */
export function describeChanges(changes: unknown, showDiff: boolean): readonly string[] {
  if (changes === null || changes === undefined) return [];
  if (!isObject(changes)) {
    return Array.isArray(changes)
      ? changes.flatMap((each) => describeChanges(each, showDiff))
      : linesOf(changes);
  }
  return Object.entries(changes).flatMap(([name, value]) => {
    if (name === "diff" && !showDiff && !NO_CONTENT.has(shown(value).trim())) return [HIDDEN];
    if (name === "diff" && typeof value === "string") return linesOf(value);
    if (isObject(value) || (Array.isArray(value) && value.some(isObject))) {
      if (isOldAndNew(value)) return [`${name}: ${shown(value.old)} -> ${shown(value.new)}`];
      const inner = describeChanges(value, showDiff);
      return inner.length === 0 ? [] : [`${name}:`, ...inner.map((line) => `  ${line}`)];
    }
    const lines = linesOf(value);
    return lines.length > 1
      ? [`${name}:`, ...lines.map((line) => `  ${line}`)]
      : [`${name}: ${lines[0] ?? ""}`];
  });
}

function isOldAndNew(value: object): value is { readonly old: unknown; readonly new: unknown } {
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
