import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { serverData } from "../../../../src/baseline/server-data.ts";
import { ansible } from "../../../../src/configurators/ansible/ansible.ts";
import { chef } from "../../../../src/configurators/chef/chef.ts";
import type { Configurator, ConfiguratorContext } from "../../../../src/configurators/contract.ts";
import { none } from "../../../../src/configurators/none.ts";
import { puppet } from "../../../../src/configurators/puppet/puppet.ts";
import { salt } from "../../../../src/configurators/salt/salt.ts";
import { script } from "../../../../src/configurators/script/script.ts";
import {
  compareMark,
  toolClaims,
  withoutController,
} from "../../../../src/fleet/configurator/good-run.ts";
import { contextFixture } from "../../../golden/baseline/fixture.ts";

describe("why the tool is to be run", () => {
  test.each([
    ["s1 t1", undefined],
    ["", "never configured"],
    ["unfinished", "the last run did not end well"],
    ["s1 t0", "the tree has changed since the last good run"],
    ["s0 t1", "its data has changed since the last good run"],
    ["s0 t0", "the tree and its data have changed since the last good run"],
    ["newly-enrolled s1 t1", "newly enrolled"],
    ["newly-enrolled s1 t0", "the tree has changed since the last good run"],
  ])("mark %j: %s", (mark, why) => {
    expect(compareMark(mark, "s1 t1")).toBe(why);
  });
});

describe("the proof of the last run", () => {
  /** What the claim's own check says where this stands in the mark; undefined: there is none. */
  function looked(mark: string | undefined): {
    readonly status: number | null;
    readonly said: string;
  } {
    const home = mkdtempSync(join(tmpdir(), "good-run-"));
    try {
      if (mark !== undefined) writeFileSync(join(home, "configured"), `${mark}\n`);
      const claim = toolClaims(salt(), seenFrom("/home/ada")).find(
        ({ check }) => check.id === "configurator-run-ended-well",
      );
      if (claim?.resource.type !== "command") throw new Error("there is no such claim");
      const script = claim.resource.check.replaceAll("/var/lib/bootmachine", home);
      const { status, stdout } = spawnSync("sh", ["-c", script], { encoding: "utf8" });
      return { status, said: stdout.trim() };
    } finally {
      rmSync(home, { recursive: true });
    }
  }

  test("is there where the last run was good, whatever it was given", () => {
    expect(looked("s1 t1")).toEqual({ status: 0, said: "" });
  });

  test.each([
    ["unfinished", "the last run failed, was cut off, or is under way"],
    [undefined, "bootmachine has not run it here to a good end yet"],
    ["", "bootmachine has not run it here to a good end yet"],
    ["newly-enrolled s1 t1", "it was enrolled anew, and has not run since"],
  ])("mark %j: %s", (mark, said) => {
    expect(looked(mark)).toEqual({ status: 1, said });
  });

  test("is asked for every tool that runs, and for no other", () => {
    const context = seenFrom("/home/ada");
    const ids = (tool: Configurator): readonly string[] =>
      toolClaims(tool, { ...context, master: context.member }).map(({ check }) => check.id);
    for (const tool of [
      salt(),
      puppet(),
      chef({ tree: "chef" }),
      ansible({ from: "controller" }),
    ]) {
      expect(ids(tool), tool.name).toContain("configurator-run-ended-well");
      expect(new Set(ids(tool)).size).toBe(ids(tool).length);
    }
    expect(ids(none())).toEqual([]);
    expect(ids(script({ resources: {} }))).not.toContain("configurator-run-ended-well");
  });
});

/** The same stack on the computer of whoever has its config in `directory`. */
function seenFrom(directory: string): ConfiguratorContext {
  const baseline = contextFixture("12");
  const member = {
    server: "web1",
    roles: ["application"],
    isMaster: false,
    publicAddresses: [],
    privateAddresses: ["10.0.0.11"],
    address: "10.0.0.11",
    sshPort: 2849,
    hostKeys: [],
    facts: baseline.facts,
    data: serverData(baseline),
  };
  return {
    stack: "shop",
    operator: "ada",
    controller: { directory, sshConfigFile: `${directory}/.bootmachine/shop/ssh_config` },
    member,
    members: [member],
    master: undefined,
  };
}

test("where the config lies on an operator's computer is no part of what a server is given", () => {
  const tool = ansible({ from: "controller" });
  const [ada, grace] = ["/home/ada/shop", "/srv/grace"].map((directory) => seenFrom(directory));
  if (ada === undefined || grace === undefined) throw new Error("two of them are wanted");
  const given = (context: ConfiguratorContext): string => JSON.stringify(tool.run([context]));
  expect(given(ada)).not.toBe(given(grace));
  expect(given(withoutController(ada))).toBe(given(withoutController(grace)));
});
