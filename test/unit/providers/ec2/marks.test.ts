import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  elasticTags,
  identityOf,
  identityTags,
  instanceTags,
  isFailed,
  isOf,
  keptFirst,
  ownTags,
  statusOf,
  toMachine,
} from "../../../../src/providers/ec2/marks.ts";
import { instance } from "./instance.ts";

describe("the host key in tags", () => {
  const words = fc.stringMatching(/^[A-Za-z0-9+/]{1,700}={0,2}$/);
  const keys = fc.array(
    words.map((word) => `ssh-ed25519 ${word}`),
    { minLength: 1, maxLength: 4 },
  );
  test("what is written is read again, and no tag is too long", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("injected" as const, "published" as const),
        keys,
        (proof, all) => {
          const tags = identityTags({ proof, keys: all });
          for (const [key, value] of Object.entries(tags)) {
            expect(key.length).toBeLessThanOrEqual(128);
            expect(value.length).toBeLessThanOrEqual(256);
          }
          expect(identityOf({ tags })).toEqual({ proof, keys: all });
        },
      ),
    );
  });

  test("a shorter one that is written over a longer one counts alone", () => {
    const long = identityTags({
      proof: "injected",
      keys: ["ssh-ed25519 A", `ssh-rsa ${"B".repeat(600)}`],
    });
    const short = identityTags({ proof: "published", keys: ["ssh-ed25519 C"] });
    expect(identityOf({ tags: { ...long, ...short } })).toEqual({
      proof: "published",
      keys: ["ssh-ed25519 C"],
    });
  });

  test("none, and one that nobody of ours has written", () => {
    expect(identityOf({ tags: {} })).toBeUndefined();
    expect(identityOf({ tags: { "bootmachine-host-proof": "first-use 1" } })).toBeUndefined();
  });
});

describe("whose it is", () => {
  test("by the tags, never by the name", () => {
    const mine = instance({ tags: ownTags("shop", "web") });
    expect(isOf(mine, "shop")).toBe(true);
    expect(isOf(mine, "shop", "web")).toBe(true);
    expect(isOf(mine, "shop", "db")).toBe(false);
    expect(isOf(mine, "shop-b", "web")).toBe(false);
    expect(isOf(instance({ tags: { Name: "shop.web" } }), "shop", "web")).toBe(false);
    // A volume or a group of the stack is no server.
    expect(isOf(instance({ tags: ownTags("shop") }), "shop")).toBe(false);
  });
});

describe("what state it is in", () => {
  test.each([
    ["pending", "creating"],
    ["running", "running"],
    ["stopping", "stopped"],
    ["stopped", "stopped"],
    ["shutting-down", "stopped"],
    ["terminated", "stopped"],
    ["something-new", "creating"],
  ] as const)("%s is %s", (state, status) => {
    expect(statusOf(instance({ state }))).toBe(status);
  });

  test.each([
    ["Server.InternalError", true],
    ["Server.SpotInstanceTermination", true],
    ["Client.VolumeLimitExceeded", true],
    ["Client.UserInitiatedShutdown", false],
    ["Client.InstanceInitiatedShutdown", false],
  ])("terminated by %s: failed is %s", (code, isIt) => {
    const ended = instance({ state: "terminated", reason: { code, message: `${code}: told` } });
    expect(isFailed(ended)).toBe(isIt);
    expect(statusOf(ended)).toBe(isIt ? "failed" : "stopped");
    if (isIt) expect(toMachine(ended, {}).detail).toBe(`${code}: told`);
    // A reason of an earlier stop says nothing while it runs.
    expect(isFailed(instance({ state: "running", reason: { code, message: code } }))).toBe(false);
  });

  test("of two the older one stays", () => {
    const early = instance({ id: "i-2", createdAt: "2026-01-01T00:00:00.000Z" });
    const late = instance({ id: "i-1", createdAt: "2026-01-01T00:00:01.000Z" });
    expect(keptFirst([late, early])).toEqual([early, late]);
  });

  test("of two the one that was set up stays, though it is the younger", () => {
    const keys = ["ssh-ed25519 A"];
    const tagged = (id: string, second: number, proof: "injected" | "published") =>
      instance({
        id,
        createdAt: `2026-01-01T00:00:0${second}.000Z`,
        tags: identityTags({ proof, keys }),
      });
    const [bare, injected] = [instance({ id: "i-0" }), tagged("i-1", 1, "injected")];
    const [first, second] = [tagged("i-4", 2, "published"), tagged("i-3", 3, "published")];
    expect(keptFirst([bare, injected, second, first])).toEqual([first, second, bare, injected]);
  });
});

test("one that still lacks its elastic address is not made to its end", () => {
  const marks = {
    request: { server: "web", token: "t" },
    login: "admin",
    image: "i",
    hostKey: undefined,
  };
  const tags = instanceTags({ ...marks, isAddressAwaited: true });
  const half = instance({ tags, privateIp: "10.0.0.7" });
  expect(toMachine(half, {})).toMatchObject({
    status: "creating",
    detail: "its elastic address is not there yet",
  });
  const whole = instance({ tags: { ...tags, ...elasticTags("198.51.100.7") } });
  expect(toMachine(whole, {}).status).toBe("running");
  expect(
    toMachine(instance({ tags: instanceTags({ ...marks, isAddressAwaited: false }) }), {}).status,
  ).toBe("running");
});

describe("where it is reached", () => {
  const both = instance({ publicIp: "198.51.100.7", privateIp: "10.0.0.7", ipv6: ["2001:db8::7"] });
  const inner = instance({ privateIp: "10.0.0.7" });
  test.each([
    [undefined, both, ["198.51.100.7", "2001:db8::7"]],
    ["private", both, ["10.0.0.7", "2001:db8::7"]],
    ["public", both, ["198.51.100.7", "2001:db8::7"]],
    [undefined, inner, ["10.0.0.7"]],
    ["public", inner, []],
  ] as const)("accessAddress %s", (accessAddress, entry, addresses) => {
    expect(toMachine(entry, { accessAddress }).publicAddresses).toEqual(addresses);
  });
});
