import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { parseRun } from "../../../../src/configurators/salt/parse-run.ts";
import type { MemberReport } from "../../../../src/configurators/contract.ts";

const ABOUT = { showDiff: true, master: "10.0.0.10, port 4506" };

/** What the run's script wrote on Debian 12 with Salt 3008.5, unchanged. */
function recorded(name: string, exitStatus: number, about = ABOUT): MemberReport {
  const result = readFileSync(join(import.meta.dirname, "fixtures", `${name}.txt`), "utf8");
  return parseRun("a1", { result, exitStatus, output: [] }, about);
}

describe("a run of Salt, as it was recorded", () => {
  it("that found everything in place: all ok, but for what only runs after a change", () => {
    const { changes, failure, retry, wantsReboot } = recorded("first-run", 0);
    expect(changes).toHaveLength(26);
    expect(changes.filter(({ status }) => status !== "ok")).toEqual([
      expect.objectContaining({
        id: expect.stringContaining(
          "bootmachine after /etc/systemd/system/bootmachine-firewall.service",
        ) as string,
        status: "skipped",
        reason: "State was not run because none of the onchanges reqs changed",
      }),
    ]);
    expect({ failure, retry, wantsReboot }).toEqual({});
  });

  it("that changed things: a file, a folder, a package, a command", () => {
    const { changes } = recorded("changed", 0);
    expect(changes.map(({ id, status, reason, diff }) => ({ id, status, reason, diff }))).toEqual([
      {
        id: "file_|-/etc/rec-motd_|-/etc/rec-motd_|-managed",
        status: "changed",
        reason: "File /etc/rec-motd updated",
        diff: ["--- ", "+++ ", "@@ -1,2 +1,2 @@", "-bye", "+hello", " a1", "mode: 0640"],
      },
      {
        id: "file_|-/etc/rec-dir_|-/etc/rec-dir_|-recurse",
        status: "changed",
        reason: "Recursively updated /etc/rec-dir",
        diff: ["/etc/rec-dir/two:", "  New file", "/etc/rec-dir/one:", "  New file"],
      },
      {
        id: "pkg_|-rec tree package_|-tree_|-installed",
        status: "changed",
        reason: "The following packages were installed/updated: tree",
        diff: ["tree:  -> 2.1.0-1"],
      },
      {
        id: "cmd_|-rec done_|-echo done_|-run",
        status: "changed",
        reason: 'Command "echo done" run',
        diff: expect.arrayContaining(["retcode: 0", "stdout: done"]) as string[],
      },
    ]);
    expect(changes.every(({ ms }) => Number.isInteger(ms))).toBe(true);
  });

  it("shows nothing of what is in a file, where that was not asked for", () => {
    const { changes } = recorded("changed", 0, { ...ABOUT, showDiff: false });
    expect(changes.slice(0, 2).map(({ status, diff }) => ({ status, diff }))).toEqual([
      {
        status: "changed",
        diff: ["content changed (showDiff: true would show how)", "mode: 0640"],
      },
      {
        status: "changed",
        diff: ["/etc/rec-dir/two:", "  New file", "/etc/rec-dir/one:", "  New file"],
      },
    ]);
    expect(JSON.stringify(changes)).not.toContain("hello");
    // Elsewhere in a tree of changes as well, and in whatever form.
    const nested = {
      "/etc/a": { diff: "+secret" },
      list: [{ diff: "--- \n+secret" }],
      diff: { old: "secret", new: "x" },
    };
    const states = { a: { result: true, changes: nested, __run_num__: 0 } };
    const report = parseRun(
      "a1",
      { result: JSON.stringify({ states: { local: states } }), exitStatus: 0, output: [] },
      { ...ABOUT, showDiff: false },
    );
    expect(report.changes[0]?.status).toBe("changed");
    expect(JSON.stringify(report)).not.toContain("secret");
  });

  it("in which states failed: each with its reason; what waited for them was skipped", () => {
    const report = recorded("failed", 2);
    expect(report.changes.map(({ status, reason }) => `${status}: ${reason}`)).toEqual([
      'failed: Command "false" run',
      "skipped: One or more requisite failed: recfail.false",
      "failed: Parent directory not present",
      "ok: onlyif condition is false",
      "changed: File /etc/rec-motd updated",
    ]);
    // The states say it all.
    expect(report.failure).toBeUndefined();
  });

  it("that could not begin for a wrong tree: Salt's own words, and nothing to try again", () => {
    const render = recorded("render", 1);
    expect(render.changes).toEqual([]);
    expect(render.failure).toMatch(
      /^Rendering SLS 'base:recrender' failed: Jinja variable 'nothing' is undefined; line 3\n/,
    );
    expect(render.retry).toBeUndefined();
    expect(recorded("missing", 1)).toEqual({
      server: "a1",
      changes: [],
      failure: "No matching sls found for 'nosuch.sls' in env 'base'",
    });
  });

  it.each(["busy", "busy-before"])(
    "that found another one under way (%s) may be tried again",
    (name) => {
      expect(recorded(name, 1)).toMatchObject({
        changes: [],
        failure: expect.stringContaining(
          'The function "state.single" is running as PID 5664',
        ) as string,
        retry: "another state run is in progress (state.single 20261123001256472243)",
      });
    },
  );
});

describe("a result that is not as usual", () => {
  const parse = (
    result: string,
    exitStatus: number,
    output: readonly string[] = [],
  ): MemberReport => parseRun("a1", { result, exitStatus, output }, ABOUT);

  it("is none at all: what was printed is the reason", () => {
    expect(parse("", 1, ["[CRITICAL] No space left on device"])).toEqual({
      server: "a1",
      changes: [],
      failure: "salt-call ended with exit status 1:\n[CRITICAL] No space left on device",
    });
    expect(parse('{"states":null,"before":null', 137)).toMatchObject({
      failure: "salt-call ended with exit status 137",
    });
  });

  it("did not begin, or went no further, as the master did not answer: it may a little later", () => {
    const away = { retry: "the master does not answer at 10.0.0.10, port 4506" };
    // As the script writes it before a run, and after one.
    expect(parse('{"unreachable":true}', 1)).toEqual({ server: "a1", changes: [], ...away });
    expect(parse('{"states":null,"before":null,"after":null,"unreachable":true}', 1)).toMatchObject(
      away,
    );
    const answers = '{"states":null,"before":null,"after":null,"unreachable":false}';
    expect(parse(answers, 1).retry).toBeUndefined();
    // The master was there, and the minion not let in: as Salt 3008.5 ends while its key is not accepted yet.
    expect(parse(answers, 2)).toMatchObject({
      failure:
        "the master at 10.0.0.10, port 4506 did not let the minion in\nsalt-call ended with exit status 2",
      retry: "the master at 10.0.0.10, port 4506 did not let the minion in",
    });
    // Errors of its own have exit statuses too.
    expect(parse('{"states":{"local":["No matching sls"]}}', 2).retry).toBeUndefined();
  });

  it("ends badly though no state failed", () => {
    const good = {
      "test_|-a_|-a_|-nop": { result: true, comment: "ok", changes: {}, __run_num__: 0 },
    };
    expect(parse(JSON.stringify({ states: { local: good } }), 1).failure).toBe(
      "salt-call ended with exit status 1",
    );
    expect(parse(JSON.stringify({ states: { local: good } }), 0).failure).toBeUndefined();
  });

  it("is one answer and no states, as where highstates are disabled: nothing was applied", () => {
    // As salt/modules/state.py gives it; salt-call's exit status is 0.
    const disabled = {
      name: "Salt highstate run is disabled. To re-enable, run state.enable highstate",
      result: "False",
      comment: "Disabled",
    };
    expect(parse(JSON.stringify({ states: { local: disabled } }), 0)).toEqual({
      server: "a1",
      changes: [],
      failure: "Salt highstate run is disabled. To re-enable, run state.enable highstate\nDisabled",
    });
  });

  it("asks for a reboot", () => {
    expect(parse('{"states":{"local":{}},"reboot":true}', 0)).toEqual({
      server: "a1",
      changes: [],
      wantsReboot: true,
    });
  });

  it("keeps the order in which the states ran, whatever the order of the JSON", () => {
    const states = {
      last: { result: true, __run_num__: 2 },
      first: { result: true, __run_num__: 0 },
      middle: { result: null, __run_num__: 1, comment: ["one", "two"] },
    };
    expect(parse(JSON.stringify({ states: { local: states } }), 0).changes).toEqual([
      { id: "first", status: "ok" },
      { id: "middle", status: "changed", reason: "one\ntwo" },
      { id: "last", status: "ok" },
    ]);
  });
});
