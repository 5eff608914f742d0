import { PREAMBLE } from "./shell/report-functions.ts";

/** Which of the functions are named in the code, directly or by one that is. */
export function namesIn(
  code: readonly string[],
  functions: ReadonlyMap<string, string>,
): ReadonlySet<string> {
  const used = new Set<string>();
  const queue = [PREAMBLE, ...code];
  for (let text = queue.pop(); text !== undefined; text = queue.pop()) {
    for (const name of text.match(/\b(?:p|op)_[A-Za-z_]+\b/g) ?? []) {
      const found = functions.get(name);
      if (found === undefined || used.has(name)) continue;
      used.add(name);
      queue.push(found);
    }
  }
  return used;
}

/** A check needs neither the texts nor the parts of what would mend. */
export function withoutUnused(
  functions: ReadonlyMap<string, string>,
  root: string,
): ReadonlyMap<string, string> {
  const used = new Set([root]);
  for (const name of used) {
    for (const inner of functions.get(name)?.match(/\bp_(?:text|part)_\d+\b/g) ?? []) {
      used.add(inner);
    }
  }
  return new Map([...functions].filter(([name]) => used.has(name)));
}

/** The texts of those that are used, in the order of the whole. */
export function pick(
  functions: ReadonlyMap<string, string>,
  used: ReadonlySet<string>,
): readonly string[] {
  return [...functions].flatMap(([name, text]) => (used.has(name) ? [text] : []));
}

/** A shell function of these commands. Only their first lines are indented: the others may stand in a quoted text. */
export function functionText(name: string, commands: readonly string[]): string {
  return `${name}() {\n${commands.map((command) => `  ${command}`).join("\n")}\n}`;
}
