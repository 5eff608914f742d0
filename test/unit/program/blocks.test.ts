import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { Resource } from "../../../src/program/resource.ts";
import { Scratch, SHELLS, statuses } from "./shells.ts";

const BEGIN = "# BEGIN bootmachine stack";
const END = "# END bootmachine stack";
const WANTED = `${BEGIN}\none\n${END}\n`;

const CASES: readonly (readonly [name: string, before: string, after: string])[] = [
  ["an empty file", "", WANTED],
  ["a file without a block", "a\n", `a\n${WANTED}`],
  ["a file without a newline at its end", "a", `a\n${WANTED}`],
  ["another content", `a\n${BEGIN}\nx\ny\n${END}\nb\n`, `a\n${WANTED}b\n`],
  ["an empty block", `${BEGIN}\n${END}\nb\n`, `${WANTED}b\n`],
  ["two blocks", `a\n${BEGIN}\nx\n${END}\nb\n${BEGIN}\ny\n${END}\nc\n`, `a\n${WANTED}b\nc\n`],
  ["the wanted block twice", `${WANTED}a\n${WANTED}`, `${WANTED}a\n`],
  ["two blocks in a row", `${BEGIN}\n${END}\n${BEGIN}\ny\n${END}\n`, WANTED],
  ["a block that is the last without a newline", `a\n${BEGIN}\nx\n${END}`, `a\n${WANTED}`],
  ["blank lines at the end", "a\n\n\n", `a\n\n\n${WANTED}`],
  [
    "something like a mark",
    `# BEGIN bootmachine stack2\nx\n`,
    `# BEGIN bootmachine stack2\nx\n${WANTED}`,
  ],
];

describe.each(SHELLS)("blocks under $name", (shell) => {
  let scratch: Scratch;
  let path: string;
  const block = (more: object = {}): Resource => ({
    type: "block",
    path,
    name: "stack",
    content: "one\n",
    ...more,
  });

  beforeEach(() => {
    scratch = new Scratch(shell);
    path = join(scratch.path, "hosts");
  });
  afterEach(() => {
    scratch.remove();
  });

  test("a block comes to its place", () => {
    const blocks = CASES.map(([name]) => block({ path: join(scratch.path, name) }));
    const all = (status: string): string[] => CASES.map(() => status);
    for (const [name, before] of CASES) writeFileSync(join(scratch.path, name), before);
    expect(statuses(scratch.check(...blocks))).toEqual(all("differs"));
    expect(statuses(scratch.apply(...blocks))).toEqual(all("changed"));
    for (const [name, , after] of CASES) {
      expect(readFileSync(join(scratch.path, name), "utf8"), name).toBe(after);
    }
    expect(statuses(scratch.apply(...blocks))).toEqual(all("ok"));
  });

  test("is taken out again, and nothing else", () => {
    writeFileSync(path, `a\n${WANTED}b\n`);
    const absent = block({ state: "absent" });
    expect(statuses(scratch.apply(absent))).toEqual(["changed"]);
    expect(readFileSync(path, "utf8")).toBe("a\nb\n");
    expect(statuses(scratch.check(absent))).toEqual(["ok"]);
  });

  test("keeps the file's mode; a new one is 0644", () => {
    expect(statuses(scratch.apply(block()))).toEqual(["changed"]);
    expect(statSync(path).mode & 0o777).toBe(0o644);
    chmodSync(path, 0o604);
    scratch.apply(block({ content: "two" }));
    expect(readFileSync(path, "utf8")).toBe(`${BEGIN}\ntwo\n${END}\n`);
    expect(statSync(path).mode & 0o777).toBe(0o604);
  });

  test("a mark without its end is not guessed at", () => {
    writeFileSync(path, `a\n${BEGIN}\nx\n`);
    const [report] = scratch.apply(block());
    expect(report?.status).toBe("failed");
    expect(report?.output?.[0]).toContain("mend that by hand");
    expect(readFileSync(path, "utf8")).toBe(`a\n${BEGIN}\nx\n`);
  });

  test("shows what would change", () => {
    writeFileSync(path, "a\n");
    const [report] = scratch.check(block());
    expect(report?.diff?.slice(3)).toEqual([" a", `+${BEGIN}`, "+one", `+${END}`]);
  });
});
