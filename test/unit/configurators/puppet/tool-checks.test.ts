import { spawnSync } from "node:child_process";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { serverData } from "../../../../src/baseline/server-data.ts";
import { puppet } from "../../../../src/configurators/puppet/puppet.ts";
import { contextFixture } from "../../../golden/baseline/fixture.ts";

const baseline = contextFixture("12");
const own = {
  server: "web1",
  roles: [],
  isMaster: false,
  publicAddresses: [],
  privateAddresses: [],
  address: "10.0.0.11",
  sshPort: 2849,
  hostKeys: [],
};
const checks = puppet({ packages: "distro" }).verify({
  stack: "shop",
  operator: "ada",
  member: { ...own, facts: baseline.facts, data: serverData(baseline) },
  members: [own],
  master: own,
  controller: { directory: "/home/ada/shop", sshConfigFile: "/home/ada/shop/ssh_config" },
});
const lastRun = checks.find(({ id }) => id === "last-run")?.resource.check ?? "false";

/** Runs the check on a summary that agent 7.23 has written on Debian 12. */
function look(summary: string): { readonly status: number | null; readonly stdout: string } {
  const file = join(import.meta.dirname, "reports", `${summary}-summary.yaml`);
  const text = lastRun.replaceAll("/var/cache/puppet/public/last_run_summary.yaml", file);
  expect(text).toContain(file);
  return spawnSync("sh", ["-c", text], { encoding: "utf8" });
}

describe("the last run", () => {
  it("was good where things were changed and nothing failed", () => {
    expect(look("changed")).toMatchObject({ status: 0, stdout: "" });
  });
  it("was bad where something failed", () => {
    expect(look("failed")).toMatchObject({
      status: 1,
      stdout: "the last run failed at 2 things\n",
    });
  });
  it("was bad where the master gave no catalogue", () => {
    expect(look("compile")).toMatchObject({
      status: 1,
      stdout: "the last run got no catalogue from the master\n",
    });
  });
  it("was bad where there was none", () => {
    expect(look("absent")).toMatchObject({ status: 1, stdout: "the agent has not run yet\n" });
  });
});
