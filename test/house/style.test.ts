import { readFileSync } from "node:fs";
import { basename, resolve } from "node:path";

import { describe, expect, test } from "vitest";

import { listFiles, readSources, ROOT } from "./source-tree.ts";

const code = [
  "src/**/*.ts",
  "test/**/*.ts",
  "bench/**/*.ts",
  "scripts/**/*.ts",
  "examples/**/*.ts",
];
const files = readSources(...code).filter(({ path }) => !path.includes("/fixtures/"));
const texts = listFiles(
  ...code,
  "*.{md,json,ts}",
  ".*.json",
  ".ci/*",
  "bench/**/*.{sh,yml,rb,json}",
  "docs/**/*.md",
  "examples/**/*.{yaml,json,md}",
  "scripts/*.sh",
  "schema/*.json",
).filter((path) => !path.startsWith("test/house/"));

function linesThat(pattern: RegExp, paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) =>
    readFileSync(resolve(ROOT, path), "utf8")
      .split("\n")
      .flatMap((line, index) =>
        pattern.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : [],
      ),
  );
}

describe("files", () => {
  test("have kebab-case names", () => {
    expect(
      files
        .map(({ path }) => path)
        .filter((path) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*\.ts$/.test(basename(path))),
    ).toEqual([]);
  });

  test("are not named after nothing", () => {
    expect(
      files
        .map(({ path }) => path)
        .filter((path) => /(^|\/)(utils?|helpers?|common|types|misc|shared)(\.ts$|\/)/.test(path)),
    ).toEqual([]);
  });

  test("barrels are the three public doors only", () => {
    const doors = ["src/index.ts", "src/plugin.ts", "src/testing.ts"];
    const barrels = files
      .filter(({ path, body }) => {
        if (!path.startsWith("src/") || doors.includes(path) || body.length === 0) return false;
        return body.every(
          ({ type, source }) =>
            type === "ExportAllDeclaration" ||
            (type === "ExportNamedDeclaration" && source !== null && source !== undefined),
        );
      })
      .map(({ path }) => path);
    expect(barrels).toEqual([]);
  });
});

describe("comments", () => {
  test("that switch a rule off name the rule and give a reason after --", () => {
    const bad = files.flatMap(({ path, comments }) =>
      comments
        .filter(({ text }) => /\b(oxlint|eslint)-disable/.test(text))
        .filter(({ text }) => !/-disable(-next-line|-line)?\s+\S+.*\s--\s.{10,}/s.test(text))
        .map(({ text, line }) => `${path}:${line} ${text.trim()}`),
    );
    expect(bad).toEqual([]);
  });

  test("leave no work for later", () => {
    const marks = new RegExp(
      `\\b(${["TO", "FIX"].map((word, at) => word + ["DO", "ME"][at]).join("|")}|XXX|HACK)\\b`,
    );
    expect(linesThat(marks, texts)).toEqual([]);
  });
});

describe("text", () => {
  test("has no emoji", () => {
    expect(
      linesThat(
        /\p{Extended_Pictographic}/u,
        texts.filter((path) => !path.endsWith("lock.json")),
      ),
    ).toEqual([]);
  });

  test("names no registry and no path of one machine", () => {
    const hosts =
      /registry\.(npmjs|yarnpkg)|"resolved":|(^|[\s"'`(=])\/(work|home\/[a-z]+)\/(main|shared)\b/;
    expect(linesThat(hosts, texts)).toEqual([]);
  });
});

describe("tests", () => {
  test("none is skipped, focused or put off", () => {
    const tests = listFiles("test/**/*.test.ts").filter(
      (path) => path !== "test/house/style.test.ts",
    );
    expect(linesThat(/\b(test|it|describe)\.(skip|only|todo|fails)\b/, tests)).toEqual([]);
  });

  test("none puts a fake in the place of a module of ours", () => {
    const tests = listFiles("test/**/*.ts").filter((path) => path !== "test/house/style.test.ts");
    expect(linesThat(/\bvi\.(mock|doMock|stubGlobal)\(/, tests)).toEqual([]);
  });
});
