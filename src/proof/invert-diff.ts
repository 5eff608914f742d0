/**
 * Turns a diff of what would be changed (- now, + wanted) into one of drift (- wanted, + found).
 * Other lines stay as they are.
 */
export function invertDiff(diff: readonly string[]): readonly string[] {
  const inverted: string[] = [];
  for (let index = 0; index < diff.length; index++) {
    const line = diff[index] ?? "";
    const next = diff[index + 1] ?? "";
    const hunk = /^@@ -(\S+) \+(\S+) @@(.*)$/u.exec(line);
    if (line.startsWith("--- ") && next.startsWith("+++ ")) {
      inverted.push(`--- ${next.slice(4)}`, `+++ ${line.slice(4)}`);
      index += 1;
    } else if (hunk !== null) {
      inverted.push(`@@ -${hunk[2]} +${hunk[1]} @@${hunk[3]}`);
    } else if (line.startsWith("-")) {
      inverted.push(`+${line.slice(1)}`);
    } else {
      inverted.push(line.startsWith("+") ? `-${line.slice(1)}` : line);
    }
  }
  return inverted;
}
