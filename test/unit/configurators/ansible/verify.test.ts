import { spawnSync } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { serverData } from "../../../../src/baseline/server-data.ts";
import { ansible } from "../../../../src/configurators/ansible/ansible.ts";
import { CONTROL } from "../../../../src/configurators/ansible/paths.ts";
import type { ConfiguratorContext } from "../../../../src/configurators/contract.ts";
import { contextFixture } from "../../../golden/baseline/fixture.ts";

let control: string;
beforeEach(() => {
  control = mkdtempSync(join(tmpdir(), "ansible-control-"));
  mkdirSync(join(control, "inventory"));
  mkdirSync(join(control, "known_hosts"));
  for (const name of ["hub", "web1"])
    writeFileSync(join(control, `inventory/${name}.yml`), "all:\n");
  writeFileSync(join(control, "known_hosts/web1"), "web1 ssh-ed25519 AAAA\n");
});
afterEach(() => {
  rmSync(control, { recursive: true });
});

/** What the master's claim about its inventory says, where these are the keys that this controller knows of web1. */
function inventoryClaim(hostKeys: readonly string[]): { status: number | null; said: string } {
  const baseline = contextFixture("12");
  const memberOf = (server: string): ConfiguratorContext["members"][number] => ({
    server,
    roles: [],
    isMaster: server === "hub",
    publicAddresses: [],
    privateAddresses: ["10.0.0.11"],
    address: "10.0.0.11",
    sshPort: 2849,
    hostKeys: server === "hub" ? [] : hostKeys,
  });
  const members = ["hub", "web1"].map(memberOf);
  const hub = memberOf("hub");
  const claim = ansible()
    .verify({
      stack: "shop",
      operator: "ada",
      controller: { directory: "/", sshConfigFile: "/ssh_config" },
      member: { ...hub, facts: baseline.facts, data: serverData(baseline) },
      members,
      master: hub,
    })
    .find(({ id }) => id === "inventory");
  const script = (claim?.resource.check ?? "exit 99").replaceAll(CONTROL, control);
  const { status, stdout } = spawnSync("sh", ["-c", script], { encoding: "utf8" });
  return { status, said: stdout.trim() };
}

test("the pinned host keys on the master are held against those that are known here", () => {
  expect(inventoryClaim(["ssh-ed25519 AAAA"])).toEqual({ status: 0, said: "" });
  expect(inventoryClaim(["ssh-ed25519 BBBB"])).toEqual({
    status: 1,
    said: `${control}/known_hosts/web1 does not hold the pinned host keys`,
  });
});

test("another controller, which has not spoken to a member yet, does not claim that it has no keys", () => {
  expect(inventoryClaim([])).toEqual({ status: 0, said: "" });
});
