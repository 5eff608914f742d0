import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { expect, test } from "vitest";

import { listFiles, ROOT } from "./source-tree.ts";

const generated = (): readonly string[] => listFiles("docs/reference/*.md", "schema/*.json");
const readAll = (paths: readonly string[]): ReadonlyMap<string, string> =>
  new Map(paths.map((path) => [path, readFileSync(resolve(ROOT, path), "utf8")]));

test(
  "docs/reference and the JSON Schema are what the source says (npm run generate)",
  { timeout: 60_000 },
  () => {
    const before = readAll(generated());
    const run = spawnSync(process.execPath, [resolve(ROOT, "scripts/generate.ts")], {
      cwd: ROOT,
      encoding: "utf8",
    });
    try {
      expect(run.status, run.stderr).toBe(0);
      const after = readAll(generated());
      const changed = [...after]
        .filter(([path, text]) => before.get(path) !== text)
        .map(([path]) => path);
      expect(changed).toEqual([]);
    } finally {
      // The test looks; it does not mend.
      for (const [path, text] of before) writeFileSync(resolve(ROOT, path), text);
    }
  },
);

test("the reference covers config, commands, checks and errors", () => {
  const names = ["config", "cli", "checks", "errors"].map((name) => `docs/reference/${name}.md`);
  expect(names.filter((path) => !existsSync(resolve(ROOT, path)))).toEqual([]);
  expect(existsSync(resolve(ROOT, "schema/bootmachine.schema.json"))).toBe(true);
});
