import { describe, expect, test } from "vitest";

import type { ServerSummary } from "../../../src/fleet/events.ts";
import { renderPushed } from "../../../src/report/push-text.ts";
import { plainStyle } from "../../../src/report/style.ts";

const options = { style: plainStyle, showAll: false };
const summary = (server: string, outcome: ServerSummary["outcome"]): ServerSummary => ({
  server,
  roles: [],
  outcome,
  ms: 1,
  changes: 0,
  failedChecks: 0,
});

describe("what was pushed", () => {
  test("is said file by file", () => {
    const pushed = [
      {
        tree: "states",
        server: "master",
        changed: ["top.sls", "web/init.sls"],
        removed: ["old.sls"],
      },
      { tree: "pillars", server: "master", changed: [], removed: [] },
    ];
    expect(renderPushed(pushed, [summary("master", "changed")], options)).toEqual([
      "  master  states: 2 files written, 1 removed",
      "    + top.sls",
      "    + web/init.sls",
      "    - old.sls",
      "  master  pillars: in place",
      "Done: 3 files changed. `bootmachine configurator run` runs the tool.",
    ]);
  });

  test("is shortened, unless all is asked for", () => {
    const changed = Array.from({ length: 25 }, (_, index) => `file${index}`);
    const pushed = [{ tree: "states", server: "master", changed, removed: [] }];
    const servers = [summary("master", "changed")];
    expect(renderPushed(pushed, servers, options)).toContain(
      "    and 15 more (--verbose shows all)",
    );
    expect(renderPushed(pushed, servers, { ...options, showAll: true })).toHaveLength(27);
  });

  test("can be nothing, or fail", () => {
    expect(renderPushed([], [summary("web1", "unchanged")], options)[0]).toContain(
      "nothing to push",
    );
    const same = [{ tree: "states", server: "master", changed: [], removed: [] }];
    expect(renderPushed(same, [summary("master", "unchanged")], options).at(-1)).toBe(
      "Everything is in place.",
    );
    expect(renderPushed(same, [summary("web1", "failed")], options).at(-1)).toBe(
      "Failed: not everything is in place on web1.",
    );
  });
});
