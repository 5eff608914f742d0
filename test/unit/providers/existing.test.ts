import { expect, test } from "vitest";

import { UserError } from "../../../src/errors/error.ts";
import type { ProviderContext } from "../../../src/providers/contract.ts";
import { existing } from "../../../src/providers/existing/existing.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE4ZZK9uSNyS1SrVlSbNTkpu6eEUYAU93CDHXZTgGxfG";
const context: ProviderContext = {
  stack: "s",
  signal: AbortSignal.timeout(10_000),
  progress: () => undefined,
};

test("addresses of all kinds, with their defaults", async () => {
  const provider = existing({
    hosts: {
      a: { address: "192.0.2.1" },
      b: { address: "2001:db8::1", port: 2200, user: "debian", privateAddress: "10.0.0.2" },
      c: { address: "web.example.org", privateAddress: "192.0.2.3" },
    },
  });
  const [a, b, c] = await provider.observe(context);
  expect(a).toMatchObject({ privateAddresses: ["192.0.2.1"], login: { user: "root", port: 22 } });
  expect(b).toMatchObject({
    publicAddresses: ["2001:db8::1"],
    privateAddresses: ["10.0.0.2"],
    login: { user: "debian", port: 2200 },
  });
  expect(c).toMatchObject({
    publicAddresses: ["web.example.org"],
    privateAddresses: ["192.0.2.3"],
  });
});

test("pinned keys, one or several, without their comments; none means first use", async () => {
  const provider = existing({
    hosts: {
      a: { address: "192.0.2.1", hostKey: `${KEY} root@a` },
      b: { address: "192.0.2.2", hostKey: [KEY, `${KEY} again`] },
      c: { address: "192.0.2.3" },
    },
  });
  const identities = await Promise.all(
    (await provider.observe(context)).map(
      async (machine) => await provider.identity(machine, context),
    ),
  );
  expect(identities).toEqual([
    { proof: "pinned", keys: [KEY] },
    { proof: "pinned", keys: [KEY, KEY] },
    { proof: "first-use", keys: [] },
  ]);
});

test.each([
  ["an address out of range", { address: "192.0.2.300" }],
  ["a port out of range", { address: "192.0.2.1", port: 70_000 }],
  ["a private key", { address: "192.0.2.1", hostKey: "-----BEGIN OPENSSH PRIVATE KEY-----" }],
  ["an option as a user", { address: "192.0.2.1", user: "-oProxyCommand=x" }],
  ["an option as an address", { address: "-oProxyCommand=x" }],
  ["a name alone, which would stand in firewalls", { address: "web.example.org" }],
  ["a name for the other servers", { address: "192.0.2.1", privateAddress: "web.internal" }],
  ["an unknown field", { address: "192.0.2.1", adress: "x" }],
])("refuses %s", (_what, host) => {
  expect(() => existing({ hosts: { web: host } })).toThrow(UserError);
});

test("a server without an address is told before anything is touched", () => {
  const provider = existing({ hosts: { web: { address: "192.0.2.1" } } });
  expect(provider.check({ server: "db", roles: [] })).toEqual([
    { about: "server", message: 'existing has no address for "db"; it has addresses for: web' },
  ]);
});

test("a host whose key nothing proves is a problem, unless the config accepts first use", () => {
  const provider = existing({
    hosts: { web: { address: "192.0.2.1" }, db: { address: "192.0.2.2", hostKey: KEY } },
  });
  const about = (server: string, identity?: "proven" | "first-use"): readonly string[] =>
    provider
      .check({ server, roles: [], ...(identity === undefined ? {} : { identity }) })
      .map(({ message }) => message);
  expect(about("web", "proven")).toEqual([expect.stringContaining("hosts.web.hostKey")]);
  expect(about("web", "first-use")).toEqual([]);
  expect(about("web")).toEqual([]);
  expect(about("db", "proven")).toEqual([]);
});
