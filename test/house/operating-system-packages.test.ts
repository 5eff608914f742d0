import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { expect, test } from "vitest";

import { listFiles, ROOT } from "./source-tree.ts";

test("the packages that npm test installs for local servers are those that the provider asks for", () => {
  const script = readFileSync(resolve(ROOT, "scripts/operating-system-packages.ts"), "utf8");
  const section = /"local servers": \[(.*?)\n {2}\]/s.exec(script)?.[1] ?? "";
  const named = [...section.matchAll(/name: "([^"]+)"/g)].map((match) => match[1] ?? "");
  expect(named.length).toBeGreaterThan(3);
  const provider = listFiles("src/providers/local/*.ts")
    .map((path) => readFileSync(resolve(ROOT, path), "utf8"))
    .join("\n");
  const absent = named.filter((name) => !provider.includes(`"${name}"`));
  expect(absent).toEqual([]);
});
