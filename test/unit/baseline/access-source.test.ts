import { describe, expect, it } from "vitest";

import { changeAccess } from "../../../src/baseline/access-change.ts";
import { checkSource } from "../../../src/baseline/access-source.ts";
import { sshSources } from "../../../src/baseline/access-resources.ts";
import type { Host } from "../../../src/host/host.ts";
import type { Opening } from "../../../src/stack/stack.ts";
import { contextFixture, serverFixture } from "../../golden/baseline/fixture.ts";

const opening = (from: Opening["from"], port: number | string = 2849): Opening => ({
  port,
  protocol: "tcp",
  from,
  roles: [],
});

/** A change on a host that sees its login come from this address; the scripts that it is given are kept. */
function optionsFor(openings: readonly Opening[], address: string) {
  const asked: string[] = [];
  const host = {
    server: "web1",
    target: { server: "web1", address: "192.0.2.7", user: "root", port: 22 },
    run: (script: string) => {
      asked.push(script);
      return Promise.resolve({ stdout: `${address}\n`, stderr: "", status: 0 });
    },
  } as unknown as Host;
  return {
    asked,
    options: {
      context: contextFixture("12", { server: serverFixture({ firewall: openings }) }),
      host,
      openNewWay: () => Promise.reject(new Error("must not be asked for")),
      emit: () => undefined,
      signal: new AbortController().signal,
    },
  };
}

describe("from where people may log in", () => {
  it.each([
    ["nothing said", [], undefined],
    ["something else", [opening(["192.0.2.0/24"], 443)], undefined],
    ["addresses", [opening(["192.0.2.0/24", "2001:db8::1"])], ["192.0.2.0/24", "2001:db8::1"]],
    [
      "two openings",
      [opening(["192.0.2.1"]), opening(["198.51.100.0/24"])],
      ["192.0.2.1", "198.51.100.0/24"],
    ],
    ["the members", [opening("stack")], ["10.0.0.11", "10.0.0.12", "fd00::12"]],
  ] as const)("%s", (_what, openings, sources) => {
    const server = serverFixture({ firewall: openings });
    expect(sshSources(contextFixture("12", { server }))).toEqual(sources);
  });
});

describe("a narrowing that would shut this computer out", () => {
  it.each([
    [["192.0.2.0/24"], "192.0.2.9"],
    [["192.0.2.9"], "::ffff:192.0.2.9"],
    [["2001:db8::/32"], "2001:db8:1::2"],
    // Nothing is known: the proof of the new way has to find out.
    [["192.0.2.0/24"], ""],
  ])("is none: %j holds %s", async (from, address) => {
    await checkSource(optionsFor([opening(from)], address).options);
  });

  it.each([
    [["192.0.2.0/24"], "198.51.100.7"],
    [["192.0.2.0/24"], "2001:db8::7"],
    [["2001:db8::/32"], "192.0.2.9"],
  ])("is refused: %j leaves out %s", async (from, address) => {
    await expect(checkSource(optionsFor([opening(from)], address).options)).rejects.toThrow(
      `sees this computer come from ${address}, `,
    );
  });

  it("is refused before anything is armed", async () => {
    const { options, asked } = optionsFor([opening(["192.0.2.0/24"])], "198.51.100.7");
    await expect(changeAccess(options)).rejects.toMatchObject({ code: "SSH_SOURCE_REFUSED" });
    expect(asked.filter((script) => script.endsWith("echo armed"))).toEqual([]);
  });
});
