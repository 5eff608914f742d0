import { describe, expect, it } from "vitest";

import { readReport } from "../../../../src/configurators/chef/read-report.ts";

function read(result: unknown, exitStatus = 0, output: readonly string[] = []) {
  return readReport("web1", "cinc-client", {
    result: typeof result === "string" ? result : JSON.stringify(result),
    exitStatus,
    output,
  });
}

describe("the report of a run of the client", () => {
  it("gives what each resource has done, in Chef's words", () => {
    const changes = [
      { id: "file[/etc/motd] create", status: "changed", ms: 12, diff: ["-old", "+new"] },
      { id: "service[ssh] start", status: "ok", ms: 3 },
      { id: "execute[x] run", status: "skipped", ms: 0, reason: 'not_if "true"' },
    ];
    expect(read({ version: 1, failure: null, reboot: null, changes })).toEqual({
      server: "web1",
      changes,
    });
  });

  it("numbers what is reported twice under one name", () => {
    const twice = { id: "service[ssh] reload", status: "changed" };
    expect(
      read({ version: 1, changes: [twice, twice, twice] }).changes.map(({ id }) => id),
    ).toEqual(["service[ssh] reload", "service[ssh] reload (2)", "service[ssh] reload (3)"]);
  });

  it("passes on the failure of the whole run, with what was done before it", () => {
    const failed = { id: "file[/x/y] create", status: "failed", reason: "Parent directory" };
    const report = read({ version: 1, failure: "file[/x/y] had an error", changes: [failed] }, 1);
    expect(report.failure).toBe("file[/x/y] had an error");
    expect(report.changes).toEqual([failed]);
  });

  it("takes an exit status as a failure that the report does not tell of", () => {
    expect(read({ version: 1, changes: [] }, 137).failure).toContain("status 137");
  });

  it("says that a reboot is wanted, also without a reason for it", () => {
    expect(read({ version: 1, reboot: "", changes: [] }).wantsReboot).toBe(true);
    expect(read({ version: 1, reboot: null, changes: [] }).wantsReboot).toBeUndefined();
  });

  it("asks for another try where another run holds the lock", () => {
    const report = read({ version: 1, locked: true }, 75);
    expect(report.retry).toContain("another run");
    expect(report.failure).toBeUndefined();
  });

  it.each([
    [
      "40D7A1:error:8000006F:system library:BIO_connect:Connection refused:../crypto/bio/bio_sock2.c:114:calling connect()",
      "the server does not answer (Connection refused)",
    ],
    ["connect:errno=111", "the server does not answer (connect:errno=111)"],
    ["", "the server does not answer (no answer in time)"],
  ])("asks for another try where the server does not answer: %j", (unreachable, retry) => {
    expect(read({ version: 1, unreachable }, 75)).toEqual({ server: "web1", changes: [], retry });
  });

  it.each(["", "{", '{"version":2,"changes":[]}', '{"version":1,"changes":[{"id":1}]}', "null"])(
    "shows the client's last lines where there is no report: %j",
    (result) => {
      const { failure } = read(result, 1, ["FATAL: Chef::Exceptions::X: no such thing"]);
      expect(failure).toContain("status 1");
      expect(failure).toContain("FATAL: Chef::Exceptions::X: no such thing");
    },
  );

  it("does not take a missing report for a good run", () => {
    expect(read("").failure).toContain("left no report");
  });
});
