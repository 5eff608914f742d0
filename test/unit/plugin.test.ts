import { expect, test } from "vitest";

import { none } from "../../src/configurators/none.ts";
import { defineConfigurator, defineProvider } from "../../src/plugin.ts";
import { fakeProvider } from "../../src/testing.ts";

test("a plug-in comes back unchanged", () => {
  const provider = fakeProvider();
  expect(defineProvider(provider)).toBe(provider);
});

test("one for another version of the contract, or of another kind, is refused", () => {
  const provider = fakeProvider();
  expect(() => defineProvider({ ...provider, apiVersion: 2 as 1 })).toThrow(/version 2/);
  expect(() => defineConfigurator(provider as never)).toThrow(/is no configurator/);
  expect(defineConfigurator(none()).name).toBe("none");
});
