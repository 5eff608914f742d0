import { describe, expect, it } from "vitest";

import { formatProblems, recordProblems, renderPath } from "../../../src/stack/problem.ts";

describe("problems", () => {
  it("paths are written as in code", () => {
    expect(renderPath([])).toBe("");
    expect(renderPath(["servers", 2, "ssh", "port"])).toBe("servers[2].ssh.port");
    expect(renderPath(["tasks", "say-hi", "run"])).toBe('tasks["say-hi"].run');
  });

  it("come in the order of the file, doubles once, those without a place last", () => {
    const places = new Map([
      ["b", { line: 1, column: 9 }],
      ["a", { line: 2, column: 1 }],
      ["c", { line: 1, column: 2 }],
    ]);
    const problems = ["x", "a", "b", "a", "c"].map((key) => ({ path: [key], message: "is bad" }));
    const records = recordProblems(problems, "/stack/f.yaml", (path) =>
      places.get(String(path[0])),
    );
    expect(records.map((record) => record.path)).toEqual(["c", "b", "a", "x"]);
    expect(records[3]).toEqual({ path: "x", message: "is bad", file: "/stack/f.yaml" });
  });

  it("are shown with their place and the way out", () => {
    expect(
      formatProblems(
        [
          {
            path: "name",
            message: "is missing",
            hint: "Give one.",
            file: "/stack/f.yaml",
            line: 1,
            column: 2,
          },
          { path: "", message: "is empty", file: "/stack/f.yaml" },
          { path: "x", message: "is odd" },
        ],
        (file) => file.replace("/stack/", ""),
      ),
    ).toEqual(["f.yaml:1:2  name: is missing", "    Give one.", "f.yaml  is empty", "x: is odd"]);
  });
});
