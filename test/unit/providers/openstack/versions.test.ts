import { expect, test } from "vitest";

import { computeVersion, serviceRoot } from "../../../../src/providers/openstack/versions.ts";

test.each([
  ["compute", "https://c/compute/v2.1", "https://c/compute/v2.1"],
  ["compute", "https://c:8774/v2.1/0123abc", "https://c:8774/v2.1/0123abc"],
  ["compute", "https://c:8774", "https://c:8774/v2.1"],
  ["network", "https://c:9696", "https://c:9696/v2.0"],
  ["network", "https://c/networking/v2.0", "https://c/networking/v2.0"],
  ["image", "https://c/image", "https://c/image/v2"],
  ["image", "https://c:9292/v2", "https://c:9292/v2"],
  ["image", "https://c:9292/v1", "https://c:9292/v2"],
] as const)("the root of %s at %s", (service, endpoint, root) => {
  expect(serviceRoot(service, endpoint)).toBe(root);
});

test.each([
  ["2.93", "2.1", "2.79"],
  ["2.53", "2.1", "2.53"],
  ["2.9", "2.1", "2.9"],
  ["2.120", "2.90", "2.90"],
  ["", "", undefined],
])("of %s (from %s on) %s is asked for", (version, oldest, wanted) => {
  const document = JSON.stringify({ version: { version, min_version: oldest } });
  expect(computeVersion(document)).toBe(wanted);
});

test("what is no version document has none", () => {
  expect(computeVersion("<html>")).toBeUndefined();
  expect(computeVersion("{}")).toBeUndefined();
});
