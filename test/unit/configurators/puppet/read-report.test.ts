import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { readReport } from "../../../../src/configurators/puppet/read-report.ts";

/** Written by agent 7.23 on Debian 12, from catalogues of a server 8.7. */
function recorded(name: string): string {
  return `report\n${readFileSync(join(import.meta.dirname, "reports", `${name}.yaml`), "utf8")}`;
}

function read(result: string, exitStatus: number, output: readonly string[] = []) {
  return readReport("web1", { result, exitStatus, output });
}

describe("a run that changes", () => {
  const report = read(recorded("changed"), 2);
  const byId = new Map(report.changes.map((change) => [change.id, change]));

  it("is good, and leaves Puppet's own housekeeping out", () => {
    expect(report.failure).toBeUndefined();
    expect([...byId.keys()]).toEqual([
      "File[/tmp/hello]",
      "Notify[who]",
      "Exec[/bin/true]",
      "Service[cron]",
    ]);
  });
  it("says what changed in Puppet's words, with the diff that it logged", () => {
    expect(byId.get("File[/tmp/hello]")?.reason).toMatch(
      /^content changed '\{sha256\}01d0\w+' to '\{sha256\}4a1e\w+'$/,
    );
    expect(byId.get("File[/tmp/hello]")).toMatchObject({
      id: "File[/tmp/hello]",
      status: "changed",
      ms: 351,
      diff: ["@@ -1 +1,2 @@", "-old", "+hello", "+world"],
    });
  });
  it("does not take what noop left undone for a change", () => {
    expect(byId.get("Service[cron]")?.status).not.toBe("changed");
  });
  it("asks for a reboot where a changed resource has the tag for it", () => {
    expect(report.wantsReboot).toBe(true);
    expect(
      read(recorded("changed").replaceAll("- bootmachine_reboot", "- other"), 2),
    ).not.toHaveProperty("wantsReboot");
  });
});

describe("a run that fails at some things", () => {
  const report = read(recorded("failed"), 6);
  const byId = new Map(report.changes.map((change) => [change.id, change]));

  it("says which, with what the command printed", () => {
    expect(byId.get("Exec[broken]")).toMatchObject({ status: "failed" });
    expect(byId.get("Exec[broken]")?.reason).toMatch(/it is broken\n.*returned 3 instead of one/s);
    expect(byId.get("File[/tmp/checked]")?.reason).toContain("/bin/grep -q good");
  });
  it("says what was skipped and why, and what was changed nevertheless", () => {
    expect(byId.get("File[/tmp/after]")).toMatchObject({
      status: "skipped",
      reason: "Skipping because of failed dependencies",
    });
    expect(byId.get("File[/tmp/hello]")).toMatchObject({ status: "changed" });
  });
  it("fails as a whole by its failed things alone", () => {
    expect(report.failure).toBeUndefined();
  });
});

it("gives the master's own words where no catalogue could be compiled", () => {
  const report = read(recorded("compile"), 1);
  expect(report.changes).toEqual([]);
  expect(report.failure).toMatch(
    /Could not find class ::profile::nosuch for a12 \(file: .*\/site\.pp, line: 2, column: 1\)/,
  );
  expect(report.retry).toBeUndefined();
});

describe("a run without a report", () => {
  it("is tried again while another one is in progress", () => {
    const report = read("locked=4312\n", 1, [
      "Notice: Run of Puppet configuration client already in progress",
    ]);
    expect(report.retry).toBe("another run of the agent is in progress");
  });
  it("is tried again while the master does not answer", () => {
    const report = read("unreachable=connect: Connection refused\n", 1);
    expect(report.retry).toContain("connect: Connection refused");
    expect(report.failure).toBe(report.retry);
    const plain = "Puppet Server on the master does not answer:";
    const openssl =
      "40374E12D37F0000:error:8000006F:system library:BIO_connect:Connection refused:../crypto/bio/bio_sock2.c:117:calling connect()";
    expect(read(`unreachable=${openssl}\n`, 1).retry).toBe(`${plain} Connection refused`);
    expect(read("unreachable=\n", 1).retry).toBe(`${plain} no answer in time`);
  });
  it("is not tried again where the agent is disabled, and says why it is", () => {
    const report = read('disabled={"disabled_message":"kernel update running"}\n', 1);
    expect(report).toMatchObject({ failure: "The agent is disabled: kernel update running" });
    expect(report.retry).toBeUndefined();
  });
  it("is a failure with the agent's last words", () => {
    expect(read("", 1, ["Error: something else"]).failure).toBe("Error: something else");
    expect(read("", 137).failure).toContain("exit status 137");
  });
  it("is a failure where the report was cut off", () => {
    const cut = recorded("changed").slice(0, 5000);
    expect(read(cut, 137, ["killed"]).failure).toBeDefined();
  });
});

it("takes an exit status of failure for one, whatever the report says", () => {
  expect(read(recorded("changed"), 1, ["the agent's service could not be started"]).failure).toBe(
    "the agent's service could not be started",
  );
});
