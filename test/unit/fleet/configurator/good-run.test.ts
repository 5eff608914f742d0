import { describe, expect, test } from "vitest";

import { serverData } from "../../../../src/baseline/server-data.ts";
import { ansible } from "../../../../src/configurators/ansible/ansible.ts";
import type { ConfiguratorContext } from "../../../../src/configurators/contract.ts";
import { compareMark, withoutController } from "../../../../src/fleet/configurator/good-run.ts";
import { contextFixture } from "../../../golden/baseline/fixture.ts";

describe("why the tool is to be run", () => {
  test.each([
    ["s1 t1", undefined],
    ["", "never configured"],
    ["unfinished", "the last run did not end well"],
    ["s1 t0", "the tree has changed since the last good run"],
    ["s0 t1", "its data has changed since the last good run"],
    ["s0 t0", "the tree and its data have changed since the last good run"],
  ])("mark %j: %s", (mark, why) => {
    expect(compareMark(mark, "s1 t1")).toBe(why);
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
