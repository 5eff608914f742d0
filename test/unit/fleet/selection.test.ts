import { describe, expect, it } from "vitest";

import type { Selection } from "../../../src/fleet/fleet-contract.ts";
import { compileGlob, selectServers, selectWithOrphans } from "../../../src/fleet/selection.ts";
import type { Machine, Provider } from "../../../src/providers/contract.ts";
import type { Stack } from "../../../src/stack/stack.ts";

const stack = {
  name: "shop",
  servers: [
    { name: "web1", roles: ["web"] },
    { name: "web2", roles: ["web", "spare"] },
    { name: "db1", roles: ["database"] },
  ],
} as unknown as Stack;

function names(servers: readonly string[], roles: readonly string[]): readonly string[] {
  return selectServers(stack, { servers, roles }).map(({ name }) => name);
}

describe("selectServers", () => {
  it.each([
    [[], [], ["web1", "web2", "db1"]],
    [["db1", "web1"], [], ["web1", "db1"]],
    [["web*"], [], ["web1", "web2"]],
    [["w?b2"], [], ["web2"]],
    [[], ["spare", "database"], ["web2", "db1"]],
    [["web*"], ["spare"], ["web2"]],
  ])("servers %j roles %j → %j", (servers, roles, expected) => {
    expect(names(servers, roles)).toEqual(expected);
  });

  it.each([
    [["web9"], []],
    [["web1", "x*"], []],
    [[], ["cache"]],
    [["db*"], ["web"]],
  ])("servers %j roles %j → refused, with the names that exist", (servers, roles) => {
    expect(() => names(servers, roles)).toThrow(
      expect.objectContaining({
        code: "SELECTION_EMPTY",
        hint: expect.stringContaining("web1, web2, db1") as string,
      }),
    );
  });

  it("takes every other character of a glob as itself", () => {
    expect(compileGlob("a.b+(c)").test("a.b+(c)")).toBe(true);
    expect(compileGlob("a.b").test("axb")).toBe(false);
  });
});

describe("selectWithOrphans", () => {
  const machines = ["web1", "web9", "old"].map((server) => ({ server })) as unknown as Machine[];
  const own = (creates: boolean): Stack => ({
    ...stack,
    provider: { capabilities: { creates } } as Provider,
  });
  const selected = (
    selection: Partial<Selection>,
    creates = true,
  ): readonly (readonly string[])[] => {
    const { servers, orphans } = selectWithOrphans(
      own(creates),
      { servers: [], roles: [], ...selection },
      machines,
    );
    return [servers.map(({ name }) => name), orphans.map(({ server }) => server)];
  };

  it.each([
    [{}, ["web1", "web2", "db1"], ["web9", "old"]],
    [{ orphansOnly: true }, [], ["web9", "old"]],
    [{ servers: ["old"] }, [], ["old"]],
    [{ servers: ["old", "db1"] }, ["db1"], ["old"]],
    [{ servers: ["web*"] }, ["web1", "web2"], ["web9"]],
    [{ servers: ["web*"], orphansOnly: true }, [], ["web9"]],
    [{ servers: ["db1"] }, ["db1"], []],
    [{ roles: ["web"] }, ["web1", "web2"], []],
  ])("%j: servers %j, orphans %j", (selection, servers, orphans) => {
    expect(selected(selection)).toEqual([servers, orphans]);
  });

  it.each([
    [{}, ["db1", "gone", "old"]],
    [{ orphansOnly: true }, ["gone", "old"]],
    [{ servers: ["gone"] }, ["gone"]],
    [{ servers: ["db1"] }, ["db1"]],
    [{ roles: ["web"] }, []],
  ])("%j: what outlived the machines of %j", (selection, names) => {
    const leftovers = ["db1", "gone", "old"].map((server) => ({
      kind: "volume",
      name: "v",
      server,
    }));
    const found = selectWithOrphans(
      own(true),
      { servers: [], roles: [], ...selection },
      machines,
      leftovers,
    ).leftovers;
    expect(found.map(({ server }) => server)).toEqual(names);
  });

  it("a name that neither has is refused", () => {
    expect(() => selected({ servers: ["old", "nobody"] })).toThrow(
      expect.objectContaining({ code: "SELECTION_EMPTY" }),
    );
  });

  it("a host that nobody made is no orphan", () => {
    expect(selected({}, false)).toEqual([["web1", "web2", "db1"], []]);
  });
});
