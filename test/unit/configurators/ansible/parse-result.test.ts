import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { parseResult } from "../../../../src/configurators/ansible/parse-result.ts";
import type { MemberReport, ToolOutput } from "../../../../src/configurators/contract.ts";

/** What ansible-core 2.14, 2.19 and 2.21 wrote for `recorded/site.yml`, on three hosts of which one does not answer. */
const RELEASES = ["2.14", "2.19", "2.21"];

function recorded(name: string): string {
  return readFileSync(join(import.meta.dirname, "recorded", name), "utf8");
}

function parse(output: Partial<ToolOutput>, servers = ["one", "two", "three"]) {
  const reports = parseResult({ result: "", exitStatus: 0, output: [], ...output }, servers);
  const of = (server: string): MemberReport => {
    const report = reports.find((each) => each.server === server);
    if (report === undefined) throw new Error(`no report for ${server}`);
    return report;
  };
  return { reports, of };
}

/** The lines of a run that went well on `hosts`. */
function run(hosts: readonly string[], ...more: readonly object[]): string {
  return [
    { event: "start", version: "2.19.14" },
    ...more,
    ...hosts.map((host) => ({ event: "host", host, failures: 0, unreachable: 0, reboot: false })),
    { event: "end", complete: true },
  ]
    .map((line) => JSON.stringify(line))
    .join("\n");
}

describe.each(RELEASES)("what ansible-core %s has written", (release) => {
  const { of } = parse({ result: recorded(`${release}-tasks.jsonl`), exitStatus: 4 });
  const change = (server: string, id: string) => of(server).changes.find((each) => each.id === id);

  it("changes with their differences, loops with their items", () => {
    expect(change("one", "A file")).toMatchObject({
      status: "changed",
      diff: ["--- /tmp/one.txt", "+++ /tmp/one.txt", "@@ -0,0 +1,2 @@", "+one", "+two one"],
    });
    expect(change("two", "Several files")).toMatchObject({ status: "changed", reason: "a\nb" });
    expect(change("two", "Several files")?.diff).toContain("+y");
  });

  it("failures in the tool's own words, with the item and the place", () => {
    expect(change("two", "Bad on two")).toMatchObject({ status: "failed" });
    expect(change("two", "Bad on two")?.reason).toMatch(
      /^bad: .*non-zero return code\.?\nsomething is wrong\n\(.*site\.yml:\d+\)$/,
    );
    expect(of("two").failure).toBeUndefined();
    expect(of("two").changes.filter(({ status }) => status === "failed")).toHaveLength(1);
  });

  it("what no_log hides is not in it", () => {
    expect(change("one", "Secret")).toMatchObject({ status: "changed" });
    expect(change("one", "Secret")).not.toHaveProperty("diff");
    expect(change("one", "Secret in a loop")).not.toHaveProperty("reason");
    expect(change("one", "Bad secret on one")?.reason).toContain("no_log");
    expect(recorded("site.yml")).toContain("hush");
    expect(recorded(`${release}-tasks.jsonl`)).not.toContain("hush");
  });

  it("what the playbook ignores or rescues is no failure", () => {
    expect(change("one", "Ignored")).toMatchObject({ status: "ok" });
    expect(change("one", "Breaks")).toMatchObject({ status: "ok" });
    expect(change("one", "Breaks")?.reason).toContain("was rescued");
  });

  it("a host that does not answer is tried again; who asks for a reboot gets one", () => {
    expect(of("three").retry).toContain("Connection refused");
    expect(of("two").retry).toBeUndefined();
    expect(of("two").wantsReboot).toBe(true);
    expect(of("one").wantsReboot).toBeUndefined();
  });

  it("a wrong playbook fails on everybody, in Ansible's words", () => {
    for (const [file, status, words] of [
      ["norole", 1, /role 'no_such_role' was not found/],
      ["syntax", 4, /syntax\.yml.*(line 4|:4:26)/s],
    ] as const) {
      const output = recorded(`${release}-${file}.txt`).split("\n");
      const { reports } = parse({ exitStatus: status, output });
      expect(reports.map(({ server }) => server)).toEqual(["one", "two", "three"]);
      for (const { failure } of reports) expect(failure).toMatch(words);
    }
  });
});

describe("runs that end otherwise", () => {
  it("a server that the playbook has nothing for is done", () => {
    expect(parse({ result: run(["one"]) }).of("three")).toEqual({ server: "three", changes: [] });
  });

  it("two tasks of one name are told apart", () => {
    const task = { event: "task", host: "one", task: "Same", status: "ok", ms: 1 };
    const { of } = parse({ result: run(["one"], task, task) });
    expect(of("one").changes.map(({ id }) => id)).toEqual(["Same", "Same (2)"]);
  });

  it("a run that was killed is a failure, with what was printed last; a cut line is left out", () => {
    const whole = run(["one"], {
      event: "task",
      host: "one",
      task: "Done",
      status: "changed",
      ms: 1,
    });
    const result = `${whole.split("\n").slice(0, 2).join("\n")}\n{"event": "ta`;
    const { of } = parse({ result, exitStatus: 137, output: ["TASK [Slow]", "Killed"] }, ["one"]);
    expect(of("one").changes).toMatchObject([{ id: "Done", status: "changed" }]);
    expect(of("one").failure).toBe("TASK [Slow]\nKilled");
    expect(parse({ exitStatus: 9 }, ["one"]).of("one").failure).toContain("exit status 9");
  });

  it("a playbook that ended early has not configured those who were well until then", () => {
    const lines = [
      { event: "host", host: "one", failures: 0, unreachable: 0, reboot: false },
      { event: "host", host: "two", failures: 1, unreachable: 0, reboot: false },
      { event: "end", complete: false },
    ];
    const result = lines.map((line) => JSON.stringify(line)).join("\n");
    const { of } = parse({ result, exitStatus: 2 });
    expect(of("one").failure).toContain("because of two");
    expect(of("three").failure).toContain("because of two");
    expect(of("two").failure).toBeUndefined();
    const complete = result.replace('"complete":false', '"complete":true');
    expect(parse({ result: complete, exitStatus: 2 }).of("one").failure).toBeUndefined();
  });

  it("a host that does not answer, which the playbook ignores, is no failure", () => {
    // Ansible goes on with it, and counts no unreachable host (plugins/strategy/__init__.py, ignore_unreachable).
    const task = { event: "task", host: "one", ms: 1 };
    const lines = [
      { ...task, task: "Look", status: "unreachable", reason: "Connection refused" },
      { ...task, task: "Note", status: "changed" },
    ];
    const { changes, failure, retry } = parse({ result: run(["one"], ...lines) }).of("one");
    expect(changes).toMatchObject([
      {
        id: "Look",
        status: "ok",
        reason: "failed, which the playbook ignores: Connection refused",
      },
      { id: "Note", status: "changed" },
    ]);
    expect({ failure, retry }).toEqual({});
  });

  it("a playbook that ended early because of localhost says what went wrong there", () => {
    const lines = [
      {
        event: "task",
        host: "localhost",
        task: "Ask the registry",
        status: "failed",
        ms: 1,
        reason: "no route",
        path: "site.yml:5",
      },
      { event: "host", host: "localhost", failures: 1, unreachable: 0, reboot: false },
      { event: "end", complete: false },
    ];
    const result = lines.map((line) => JSON.stringify(line)).join("\n");
    expect(parse({ result, exitStatus: 2 }).of("one").failure).toBe(
      "The playbook ended early, because of localhost: this server's turn did not come, or did not end.\nlocalhost: Ask the registry: no route\n(site.yml:5)",
    );
    // The other servers went on; it failed all the same, and nobody else would say so.
    const complete = result.replace('"complete":false', '"complete":true');
    expect(parse({ result: complete, exitStatus: 2 }).of("one").failure).toBe(
      "The playbook failed on localhost.\nlocalhost: Ask the registry: no route\n(site.yml:5)",
    );
  });

  it("a bad end without a bad host is a failure of all", () => {
    const { of } = parse({ result: run(["one"]), exitStatus: 250, output: ["ERROR! Unexpected"] });
    expect(of("one").failure).toBe("ERROR! Unexpected");
  });
});
