import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import type { BaselineContext } from "../../../src/baseline/context.ts";
import { serverData } from "../../../src/baseline/server-data.ts";
import { none } from "../../../src/configurators/none.ts";
import { contextFixture, factsFixture, RELEASE_NAMES, type Release } from "./fixture.ts";

/** web1 as the master of a tool whose agents come to two ports. */
function masterContext(release: Release): BaselineContext {
  const context = contextFixture(release);
  return {
    ...context,
    stack: {
      ...context.stack,
      master: "web1",
      configurator: {
        ...none(),
        masterPorts: [
          { port: 4505, protocol: "tcp", comment: "publisher" },
          { port: 4506, protocol: "tcp", comment: "requests" },
        ],
      },
    },
  };
}

/** What the starter kits keep. A difference here is a change that they make on every server. */
describe.each(RELEASE_NAMES)("Debian %s", (release) => {
  it("a master with openings by role", async () => {
    await expect(
      stringify(serverData(masterContext(release)), { lineWidth: 0 }),
    ).toMatchFileSnapshot(`debian-${release}/server-data.yaml`);
  });
});

it("a container behind a socket unit", async () => {
  const facts = factsFixture("13", { isContainer: true, isSshSocketActive: true });
  await expect(
    stringify(serverData(contextFixture("13", { facts })), { lineWidth: 0 }),
  ).toMatchFileSnapshot("special/server-data-container.yaml");
});
