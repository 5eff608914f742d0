import { describe, expect, test } from "vitest";

import { isFirstSession, strongerOf } from "../../../../src/fleet/phases/trust.ts";
import type { HostIdentity } from "../../../../src/providers/contract.ts";

const identity = (proof: HostIdentity["proof"], ...keys: string[]): HostIdentity => ({
  proof,
  keys,
});

describe("what is on record here, and what the provider says now", () => {
  test("a key that another controller has put in the place of the injected one is the one", () => {
    expect(strongerOf(identity("injected", "old", "next"), identity("published", "new"))).toEqual(
      identity("published", "new"),
    );
  });

  test("while a key is being replaced both know a part: each of them may be shown", () => {
    expect(strongerOf(identity("injected", "old", "next"), identity("injected", "old"))).toEqual(
      identity("injected", "old", "next"),
    );
    expect(strongerOf(identity("injected", "old"), identity("injected", "old", "next"))).toEqual(
      identity("injected", "old", "next"),
    );
  });

  test("a key of a first use gives way to one that the user has given, and to no other first use", () => {
    const first = identity("first-use", "seen");
    expect(strongerOf(first, identity("pinned", "given"))).toEqual(identity("pinned", "given"));
    expect(strongerOf(first, identity("first-use"))).toEqual(first);
  });
});

describe("the session in which the nonce of the user-data is asked for", () => {
  const RECORD = {};

  test("is the first one, also where the machine was made by an earlier run that did not come so far", () => {
    expect(isFirstSession(true, RECORD, identity("published"))).toBe(true);
    expect(isFirstSession(false, undefined, identity("injected"))).toBe(true);
    expect(isFirstSession(false, undefined, identity("console"))).toBe(true);
  });

  test("is no later one, of whichever controller", () => {
    expect(isFirstSession(false, RECORD, identity("injected"))).toBe(false);
    expect(isFirstSession(false, undefined, identity("published"))).toBe(false);
    expect(isFirstSession(false, undefined, identity("pinned"))).toBe(false);
    expect(isFirstSession(false, undefined, identity("first-use"))).toBe(false);
  });
});
