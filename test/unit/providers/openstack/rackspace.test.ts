import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { ProviderCall } from "../../../../src/providers/contract.ts";
import { rackspace } from "../../../../src/providers/openstack/rackspace.ts";
import { readRackspaceAccount } from "../../../../src/providers/openstack/rackspace-account.ts";
import type { RackspaceOptions } from "../../../../src/providers/openstack/rackspace-options.ts";
import { OpenStackSimulator } from "../../../simulators/openstack/openstack-simulator.ts";
import { API_KEY } from "../../../simulators/openstack/rackspace-ways.ts";
import { contextOf, failureOf, requestOf } from "./support.ts";

let cloud: OpenStackSimulator;
beforeEach(async () => {
  cloud = await OpenStackSimulator.start({ isRackspace: true });
});
afterEach(async () => await cloud.close());

function provider(options: RackspaceOptions = {}, env = cloud.environment) {
  return rackspace(
    {
      authUrl: `${cloud.url}/identity/v2.0`,
      image: { distro: "debian-12" },
      size: "m1.small",
      pollMs: 10,
      settleMs: 100,
      callTimeoutMs: 2000,
      bootTimeoutMs: 15_000,
      ...options,
    },
    env,
  );
}

describe("credentials", () => {
  const account = (env: Readonly<Record<string, string>>, wish: object = {}) =>
    readRackspaceAccount({ region: undefined, authUrl: undefined, ...wish }, env);

  test.each([
    [{ RS_USERNAME: "a", RS_API_KEY: "k", RS_REGION_NAME: "iad" }, "IAD"],
    [{ RAX_USERNAME: "a", RAX_API_KEY: "k", RAX_REGION: "ORD" }, "ORD"],
    [{ OS_USERNAME: "a", OS_API_KEY: "k", OS_REGION_NAME: "DFW" }, "DFW"],
    [{ OPENSTACK_USERNAME: "a", OPENSTACK_APIKEY: "k", OS_REGION_NAME: "DFW" }, "DFW"],
  ])("an API key of %j", (env, region) => {
    expect(account(env as unknown as Readonly<Record<string, string>>)).toMatchObject({
      auth: { kind: "api-key", username: "a", apiKey: "k" },
      region,
      authUrl: "https://identity.api.rackspacecloud.com/v2.0",
    });
  });

  test("a password, and an identity service of their own", () => {
    const env = {
      OS_USERNAME: "a",
      OS_PASSWORD: "p",
      OS_REGION_NAME: "LON",
      OS_AUTH_URL: "https://lon.identity.api.rackspacecloud.com/v2.0/",
    };
    expect(account(env)).toMatchObject({
      auth: { kind: "v2-password", username: "a", password: "p" },
      authUrl: "https://lon.identity.api.rackspacecloud.com/v2.0",
    });
    // A v3 address is another cloud's.
    expect(account({ ...env, OS_AUTH_URL: "https://cloud.example/v3" }).authUrl).toContain(
      "rackspacecloud",
    );
  });

  test("none, and no region, are told with what to set", () => {
    expect(() => account({ OS_USERNAME: "a" })).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        hint: expect.stringContaining("RS_USERNAME and RS_API_KEY") as string,
      }),
    );
    expect(() => account({ RS_USERNAME: "a", RS_API_KEY: "k" })).toThrow(/needs a region/);
  });

  test("a wrong key and a wrong region are told, without the key", async () => {
    const wrong = provider({}, { ...cloud.environment, RS_API_KEY: "guess" });
    const told = await failureOf(wrong.observe(contextOf()));
    expect(told).toMatch(/^PROVIDER_AUTH: Rackspace refused the credentials of RS_USERNAME/);
    expect(told).not.toContain("guess");
    const far = provider({ region: "SYD" });
    expect(await failureOf(far.observe(contextOf()))).toMatch(
      /no region "SYD".*Known regions: DFW, ORD\./,
    );
  });
});

test("a server is on both networks, without groups, with its user-data on a config drive", async () => {
  const traced: ProviderCall[] = [];
  const context = contextOf({ trace: (call) => traced.push(call) });
  const machine = await provider().ensure(requestOf("web"), context);
  expect(cloud.project.servers[0]?.request).toMatchObject({
    networks: [
      { uuid: "00000000-0000-0000-0000-000000000000" },
      { uuid: "11111111-1111-1111-1111-111111111111" },
    ],
    config_drive: true,
  });
  expect(cloud.project.servers[0]?.request).not.toHaveProperty("security_groups");
  expect(machine.login).toEqual({ user: "root", port: 22 });
  expect(machine.publicAddresses).toEqual([
    expect.stringMatching(/^198\.51\./),
    expect.stringMatching(/^2001:db8::/),
  ]);
  expect(machine.privateAddresses).toEqual([expect.stringMatching(/^10\.91\./)]);
  // Nothing is asked of the network service, and no micro-version of Nova.
  expect(cloud.count(/\/network\//)).toBe(0);
  expect(cloud.calls.every(({ microversion }) => microversion === undefined)).toBe(true);
  expect(JSON.stringify(traced)).not.toContain(API_KEY);
});

test("isolated networks are found by name beside the fixed ones", async () => {
  const own = provider({ networks: ["private", "shared"], accessNetwork: "private" });
  const machine = await own.ensure(requestOf("web"), contextOf());
  expect(cloud.project.servers[0]?.networks).toEqual(["private", "shared"]);
  expect(machine.publicAddresses).toEqual([expect.stringMatching(/^10\.91\./)]);
  const none = provider({ networks: ["nowhere"] });
  expect(await failureOf(none.ensure(requestOf("db"), contextOf()))).toMatch(/no network nowhere/);
});

test("without PublicNet the way in is on ServiceNet, or what else there is", async () => {
  const inner = await provider({ networks: ["private"] }).ensure(requestOf("web"), contextOf());
  expect(inner.publicAddresses).toEqual([expect.stringMatching(/^10\.91\./)]);
  const byId = provider({ networks: ["00000000-0000-0000-0000-000000000000"] });
  const outer = await byId.ensure(requestOf("db"), contextOf());
  expect(outer.publicAddresses).toEqual([
    expect.stringMatching(/^198\.51\./),
    expect.stringMatching(/^2001:db8::/),
  ]);
  const nowhere = provider({ networks: ["private"], accessNetwork: "public" });
  expect(await failureOf(nowhere.ensure(requestOf("mail"), contextOf()))).toMatch(
    /^CONFIG_INVALID: .*not on the network public/,
  );
});

test("images are known by Rackspace's own properties", async () => {
  const images = await provider().images(contextOf());
  expect(images.map(({ distro }) => distro)).toEqual(["debian-12", "debian-13", "ubuntu-24.04"]);
});

describe("automation", () => {
  const managed = (endsWith: string) =>
    OpenStackSimulator.start({
      isRackspace: true,
      automation: {
        key: "rax_service_level_automation",
        // Long enough that a busy computer looks in each of them.
        beginsAfterMs: 500,
        takesMs: 1000,
        during: "In Progress",
        endsWith,
      },
    });

  test("is awaited where the account has it, also before it shows", async () => {
    await cloud.close();
    cloud = await managed("Complete");
    const texts: string[] = [];
    const context = contextOf({ progress: (text) => texts.push(text) });
    const machine = await provider({ automation: ["managed"] }).ensure(requestOf("web"), context);
    expect(machine.status).toBe("running");
    expect(cloud.project.servers[0]?.metadata["rax_service_level_automation"]).toBe("Complete");
    expect(texts.join("\n")).toMatch(/automation is at work .*not begun/);
    expect(texts.join("\n")).toMatch(/automation is at work .*In Progress/);
  });

  test("that failed is told, and observe shows it", async () => {
    await cloud.close();
    cloud = await managed("Build Error");
    const own = provider({ automation: ["managed"] });
    expect(await failureOf(own.ensure(requestOf("web"), contextOf()))).toMatch(
      /^MACHINE_FAILED: web: the cloud's own automation failed \(rax_service_level_automation: Build Error\)/,
    );
    expect((await own.observe(contextOf()))[0]?.status).toBe("failed");
    expect((await own.destroy("web", contextOf())).existed).toBe(true);
  });

  test("that never shows ends within the limit", async () => {
    const own = provider({ automation: ["rackconnect"], bootTimeoutMs: 1000 });
    expect(await failureOf(own.ensure(requestOf("web"), contextOf()))).toMatch(/^TIMEOUT/);
  });
});

test("there is no console log: the refusal says what there is", async () => {
  const own = provider();
  const machine = await own.ensure(requestOf("web"), contextOf());
  expect(await failureOf(own.console(machine, contextOf()))).toMatch(
    /^CAPABILITY_MISSING: rackspace has no console log of web.*browser/,
  );
});

test("413 with a time is a rate limit, and is waited for", async () => {
  const own = provider();
  await own.observe(contextOf());
  const headers = { "retry-after": "1" };
  cloud.faults.add({ match: /servers/, act: { kind: "status", status: 413, headers } });
  expect(await own.observe(contextOf())).toEqual([]);
  expect(cloud.earlyCalls).toBe(0);
});

test("200 creates meet no limit of 100 writes a minute: the rest wait, say so, and the looks go on", async () => {
  await cloud.close();
  const limit = { calls: 100, windowMs: 60_000, counts: "writes" } as const;
  cloud = await OpenStackSimulator.start({ isRackspace: true, limit });
  const own = provider();
  const cancel = new AbortController();
  const waiting = new Set<string>();
  const ready = new Set<string>();
  const servers = Array.from({ length: 200 }, (_, index) => `web${index}`);
  const all = servers.map(async (server) => {
    const progress = (text: string): void => {
      if (/^waiting \d+ s before more calls: the cloud's rate limit$/.test(text))
        waiting.add(server);
    };
    await own.ensure(requestOf(server), contextOf({ signal: cancel.signal, progress })).then(
      () => ready.add(server),
      () => undefined,
    );
  });
  while (waiting.size < 100 || ready.size < 100)
    await new Promise((resolve) => setTimeout(resolve, 20));
  cancel.abort();
  await Promise.all(all);
  expect([ready.size, cloud.refused, cloud.count(/^POST .*\/servers$/)]).toEqual([100, 0, 100]);
});

test("a limit that Rackspace has raised is an option", () => {
  expect(() => provider({ writesPerMinute: 0 })).toThrow(/options of rackspace/);
  expect(provider({ writesPerMinute: 500 }).name).toBe("rackspace");
});
