import { randomUUID } from "node:crypto";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { ProblemRecord, UserError } from "../../../../src/errors/error.ts";
import type { Inlet, Machine, Provider, ProviderCall } from "../../../../src/providers/contract.ts";
import { openstack } from "../../../../src/providers/openstack/openstack.ts";
import type { OpenStackOptions } from "../../../../src/providers/openstack/options.ts";
import type { SimulatorOptions } from "../../../simulators/openstack/simulator-options.ts";
import {
  CREDENTIAL,
  OpenStackSimulator,
  PASSWORD,
} from "../../../simulators/openstack/openstack-simulator.ts";
import { contextOf, failureOf, KEY, QUICK, requestOf, wishOf } from "./support.ts";

let cloud: OpenStackSimulator;
const start = async (options: SimulatorOptions = {}): Promise<void> => {
  await cloud.close();
  cloud = await OpenStackSimulator.start(options);
};
beforeEach(async () => {
  cloud = await OpenStackSimulator.start();
});
afterEach(async () => await cloud.close());

const CREATE = /^POST .*\/servers$/;
const LIST = /\/servers\/detail/;

describe("calls", () => {
  test("ten servers share their looks: few calls for each", async () => {
    await start({ buildMs: 150, latencyMs: 5 });
    const provider = openstack(QUICK, cloud.environment);
    const names = Array.from({ length: 10 }, (_, index) => `web${index}`);
    await Promise.all(
      names.map(async (name) => await provider.ensure(requestOf(name), contextOf())),
    );
    expect(cloud.count(CREATE)).toBe(10);
    expect(cloud.count(/POST .*tokens/)).toBe(1);
    // Looked for, made, and looked for once more: another controller may have made one too.
    expect(cloud.count(/security-groups/)).toBe(3);
    expect(cloud.calls.length).toBeLessThanOrEqual(60);
  });

  test.each([
    [1, {}],
    [10, {}],
    [10, { floatingIps: true }],
    [10, { hostIdentity: "console" }],
    [10, { keyPair: true, serverGroup: "anti-affinity" }],
  ] as const)(
    "the expected calls for %i servers with %j are about those that are made",
    async (creates, options) => {
      await start({ buildMs: 100 });
      cloud.project.consoleText = `-----BEGIN SSH HOST KEY KEYS-----\n${KEY}\n-----END SSH HOST KEY KEYS-----\n`;
      const limits = { callsPerHour: 3600, writesPerMinute: 1000 };
      const provider = openstack({ ...QUICK, ...options, ...limits }, cloud.environment);
      const inlets = [2849, 22].map((port) => ({
        protocol: "tcp" as const,
        fromPort: port,
        toPort: port,
        from: "anywhere" as const,
      }));
      const context = contextOf();
      await provider.observe(context);
      expect(provider.expectedCalls?.({ creates: 0, present: 3 }).calls).toBeGreaterThanOrEqual(
        cloud.calls.length,
      );
      await provider.images(context);
      await provider.sizes(context);
      await provider.ensureShared?.(wishOf("open", inlets), context);
      await Promise.all(
        Array.from({ length: creates }, async (_, index) => {
          const machine = await provider.ensure(requestOf(`web${index}`), context);
          const identity = await provider.identity(machine, context);
          if (identity.proof !== "injected") return;
          await provider.keepIdentity?.(machine, identity, context);
          await provider.keepIdentity?.(machine, { ...identity, proof: "published" }, context);
        }),
      );
      await provider.ensureShared?.(wishOf("close", inlets.slice(0, 1)), context);
      const expected = provider.expectedCalls?.({ creates, present: 0 });
      expect(expected?.perHour).toBe(3600);
      const made = cloud.calls.length;
      expect(made).toBeLessThanOrEqual(expected?.calls ?? 0);
      const logins = cloud.count(/tokens$/);
      const writes = cloud.count(/^(?!GET)/) - logins;
      expect(expected?.writes?.perMinute).toBe(1000);
      expect(writes).toBeLessThanOrEqual(expected?.writes?.calls ?? 0);
      expect(writes).toBeGreaterThanOrEqual(
        (expected?.writes?.calls ?? 0) - 5 - ("hostIdentity" in options ? 5 * creates : 0),
      );
      expect(made).toBeGreaterThanOrEqual(
        (expected?.calls ?? 0) - 25 - ("hostIdentity" in options ? 5 * creates : 0),
      );
    },
  );

  test("a cloud that lists networks, groups and addresses in pages is read to the end", async () => {
    cloud.project.networkPage = 1;
    const options = { ...QUICK, networks: ["shared"], floatingIps: true };
    for (const name of ["web", "db", "mail"])
      await openstack(options, cloud.environment).ensure(requestOf(name), contextOf());
    const description = "Made by bootmachine for the stack shop.";
    cloud.project.groups.push({ id: "another", name: "bootmachine.shop", description });
    const provider = openstack(options, cloud.environment);
    expect(await provider.observe(contextOf())).toHaveLength(3);
    for (const name of ["web", "db", "mail"]) await provider.destroy(name, contextOf());
    await provider.destroyShared?.(contextOf());
    expect(cloud.project.floatingIps).toEqual([]);
    expect(cloud.project.groups.map(({ name }) => name)).toEqual(["default"]);
  });

  test("those that ask at the same moment share one list", async () => {
    await start({ latencyMs: 20 });
    const provider = openstack(QUICK, cloud.environment);
    await Promise.all(Array.from({ length: 10 }, async () => await provider.observe(contextOf())));
    expect(cloud.count(LIST)).toBeLessThanOrEqual(2);
  });

  test("a create is not forgotten when the run is cancelled in the middle of it", async () => {
    await start({ latencyMs: 50, lagMs: 1000 });
    const provider = openstack(QUICK, cloud.environment);
    const cancel = new AbortController();
    const cut = failureOf(provider.ensure(requestOf("web"), contextOf({ signal: cancel.signal })));
    while (cloud.count(CREATE) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    cancel.abort();
    expect(await cut).toMatch(/^CANCELLED/);
    // No list shows the server yet.
    await provider.ensure(requestOf("web"), contextOf());
    expect(cloud.count(CREATE)).toBe(1);
  });

  test("the token ends in the middle: one new login, and the work goes on", async () => {
    const provider = openstack(QUICK, cloud.environment);
    await provider.observe(contextOf());
    cloud.revokeTokens();
    await Promise.all([
      provider.ensure(requestOf("web"), contextOf()),
      provider.ensure(requestOf("db"), contextOf()),
    ]);
    expect(cloud.count(/POST .*tokens/)).toBe(2);
    expect(cloud.project.servers.length).toBe(2);
  });

  test("a token that ends soon is renewed before a call", async () => {
    await start({ tokenMs: 20_000 });
    const provider = openstack(QUICK, cloud.environment);
    await provider.observe(contextOf());
    await provider.observe(contextOf());
    expect(cloud.count(/POST .*tokens/)).toBeGreaterThan(1);
  });

  test("a burst of 500 is outlived; a create is looked up and not sent a second time blindly", async () => {
    const provider = openstack({ ...QUICK, settleMs: 5000 }, cloud.environment);
    cloud.faults.add({ match: /GET /, times: 3, act: { kind: "status", status: 503 } });
    cloud.faults.add({ match: CREATE, act: { kind: "answer-lost" } });
    await provider.ensure(requestOf("web"), contextOf());
    expect(cloud.count(CREATE)).toBe(1);
    expect(cloud.project.servers.length).toBe(1);
  });

  test("an endless 500 ends with the reason", async () => {
    const provider = openstack(QUICK, cloud.environment);
    cloud.faults.add({
      match: LIST,
      times: 99,
      act: { kind: "status", status: 502, message: "no backend" },
    });
    expect(await failureOf(provider.observe(contextOf()))).toMatch(
      /^PROVIDER_UNAVAILABLE: .*502, no backend/,
    );
    expect(cloud.count(LIST)).toBe(6);
  });

  test("429 without a time is waited for, longer from one to the next", async () => {
    const provider = openstack(QUICK, cloud.environment);
    await provider.observe(contextOf());
    cloud.calls.length = 0;
    cloud.faults.add({ match: LIST, times: 4, act: { kind: "status", status: 429 } });
    await provider.observe(contextOf());
    const at = cloud.calls.map((call) => call.at);
    const pauses = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    expect(pauses.length).toBe(4);
    // A busy computer makes a pause longer, and nothing makes it shorter.
    for (const [index, pause] of pauses.entries())
      expect(pause).toBeGreaterThanOrEqual(QUICK.pollMs * 2 ** index - 1);
  });

  test("a rate limit is one for all of an account: another provider object waits as well", async () => {
    const one = openstack(QUICK, cloud.environment);
    const other = openstack({ ...QUICK, networks: ["shared"] }, cloud.environment);
    await Promise.all([one.observe(contextOf()), other.observe(contextOf())]);
    const headers = { "retry-after": "1" };
    cloud.faults.add({ match: LIST, act: { kind: "status", status: 429, headers } });
    const limited = one.observe(contextOf());
    while (cloud.faults.left > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await Promise.all([limited, other.observe(contextOf())]);
    expect(cloud.earlyCalls).toBe(0);
  });

  test("looks become rarer while one waits", async () => {
    await start({ buildMs: 2000 });
    const provider = openstack(QUICK, cloud.environment);
    await provider.ensure(requestOf("web"), contextOf());
    // At the shortest pause there would be about 180.
    expect(cloud.count(LIST)).toBeLessThan(90);
    expect(cloud.count(LIST)).toBeGreaterThan(15);
  });

  test("429 that asks for an hour is told, not waited for", async () => {
    const provider = openstack(QUICK, cloud.environment);
    const headers = { "retry-after": "3600" };
    cloud.faults.add({ match: LIST, act: { kind: "status", status: 429, headers } });
    expect(await failureOf(provider.observe(contextOf()))).toMatch(
      /^PROVIDER_RATE_LIMIT: .*3600 s/,
    );
  });

  describe("a redirection", () => {
    const redirect = (match: RegExp, status: number, location?: string): void =>
      cloud.faults.add({
        match,
        times: 9,
        act: {
          kind: "status",
          status,
          ...(location === undefined ? {} : { headers: { location } }),
        },
      });
    /** All that changes something once a server is there, and one call of it whose answer says nothing. */
    const boot = async (): Promise<Machine> => {
      const provider = openstack({ ...QUICK, floatingIps: true, keyPair: true }, cloud.environment);
      const machine = await provider.ensure(requestOf("web"), contextOf());
      await provider.keepIdentity?.(machine, { proof: "published", keys: [KEY] }, contextOf());
      return machine;
    };
    const remove = async (): Promise<void> => {
      const provider = openstack(QUICK, cloud.environment);
      await provider.destroy("web", contextOf());
      await provider.destroyShared?.(contextOf());
    };
    const AWAY = "https://cloud.example:9696/v2.0/there?token=secret";

    test.each([
      ["POST", "/auth/tokens", 301],
      ["POST", "/security-group-rules", 301],
      ["POST", "/os-keypairs", 302],
      ["POST", "/servers", 303],
      ["POST", "/servers/[^/]+/metadata", 307],
      ["GET", "/servers/detail", 308],
    ])("is no success: %s %s, %i", async (method, path, status) => {
      redirect(new RegExp(`^${method} .*${path}([?]|$)`), status, AWAY);
      const told = await failureOf(boot());
      expect(told).toMatch(
        new RegExp(
          `^PROVIDER_REFUSED: 127[.]0[.]0[.]1:\\d+ did not .*status ${status}, which sends to https://cloud[.]example:9696[.] .*auth_url.*catalogue`,
        ),
      );
      expect(told).not.toMatch(/secret|there/);
    });

    test.each([
      ["/servers/[^/]+", /did not delete the server/],
      ["/floatingips/[^/]+", /did not /],
      ["/security-groups/[^/]+", /did not delete the security group/],
      ["/os-keypairs/[^/]+", /did not delete the key pair/],
    ])("is no removal: DELETE %s", async (path, said) => {
      await boot();
      redirect(new RegExp(`^DELETE .*${path}$`), 301, "/elsewhere");
      const told = await failureOf(remove());
      expect(told).toMatch(said);
      expect(told).toContain(`which sends to ${cloud.url}.`);
    });

    test.each([
      ["300, as Glance answers where it knows no such version", /^GET .*\/images/, 300],
      ["304, which nobody has asked for", /^DELETE .*\/servers\//, 304],
    ])("without a target is none either: %s", async (_, match, status) => {
      redirect(match, status);
      const told = await failureOf(boot().then(remove));
      expect(told).toMatch(new RegExp(`^PROVIDER_REFUSED: .* did not .*status ${status}[.] `));
    });

    test.each([300, 302])(
      "is an answer to who asks for Nova's versions: %i tells of no micro-version",
      async (status) => {
        redirect(/^GET \/compute\/v2\.1\/$/, status, AWAY);
        await boot();
        expect(cloud.calls.map(({ microversion }) => microversion).filter(Boolean)).toEqual([]);
        await remove();
        expect(cloud.project.servers).toEqual([]);
      },
    );
  });

  test("every call is traced, and no trace holds a secret", async () => {
    const traced: ProviderCall[] = [];
    const provider = openstack(QUICK, cloud.environment);
    await provider.ensure(requestOf("web"), contextOf({ trace: (call) => traced.push(call) }));
    expect(traced.length).toBe(cloud.calls.length);
    expect(traced.find(({ what }) => what === "create the server shop.web")).toMatchObject({
      method: "POST",
      status: 202,
    });
    expect(JSON.stringify(traced)).not.toMatch(new RegExp(`${PASSWORD}|PRIVATE KEY|x-auth`, "i"));
  });
});

describe("credentials and wishes", () => {
  test("an application credential", async () => {
    const { OS_AUTH_URL } = cloud.environment;
    const env = {
      OS_AUTH_URL,
      OS_REGION_NAME: "RegionOne",
      OS_AUTH_TYPE: "v3applicationcredential",
      OS_APPLICATION_CREDENTIAL_ID: CREDENTIAL.id,
      OS_APPLICATION_CREDENTIAL_SECRET: CREDENTIAL.secret,
    };
    expect(await openstack(QUICK, env).observe(contextOf())).toEqual([]);
  });

  test("wrong ones are told, without them", async () => {
    const provider = openstack(QUICK, { ...cloud.environment, OS_PASSWORD: "guess" });
    const told = await failureOf(provider.observe(contextOf()));
    expect(told).toMatch(/^PROVIDER_AUTH: Keystone refused the credentials of the OS_\* variables/);
    expect(told).not.toContain("guess");
  });

  test("a wrong region, and none of two", async () => {
    const wrong = openstack({ ...QUICK, region: "RegionTow" }, cloud.environment);
    expect(await failureOf(wrong.observe(contextOf()))).toMatch(
      /no region "RegionTow".*Did you mean "RegionTwo"/,
    );
    const none = openstack(QUICK, { ...cloud.environment, OS_REGION_NAME: "" });
    expect(await failureOf(none.observe(contextOf()))).toMatch(
      /several regions.*RegionOne, RegionTwo/,
    );
  });

  test("what is not there is told with near names, and nothing is made", async () => {
    const told = async (options: object, request: object = {}): Promise<string> =>
      await failureOf(
        openstack({ ...QUICK, ...options }, cloud.environment).ensure(
          requestOf("web", request),
          contextOf(),
        ),
      );
    expect(await told({}, { image: "debian-21" })).toMatch(
      /^IMAGE_UNKNOWN: .*Did you mean "debian-12"/,
    );
    expect(await told({}, { size: "m1.smal" })).toMatch(/^SIZE_UNKNOWN: .*Did you mean "m1.small"/);
    expect(await told({ size: { cpus: 100, memoryGb: 1 } })).toMatch(/^SIZE_UNKNOWN: .*100 CPUs/);
    expect(await told({ networks: ["privat"] })).toMatch(
      /no network privat.*Did you mean "private"/,
    );
    expect(await told({ networks: undefined })).toMatch(/several networks.*private, shared/);
    expect(await told({ image: "tiny" })).toMatch(
      /^CONFIG_INVALID: .*who may log in first on the image tiny/,
    );
    expect(cloud.project.servers).toEqual([]);
    expect(cloud.project.groups.map(({ name }) => name)).toEqual(["default"]);
  });

  test("check tells what is wrong with a server's wishes, and with those of all, once the lists were asked for", async () => {
    const provider = openstack({ ...QUICK, size: { cpus: 2, memoryGb: 3 } }, cloud.environment);
    const told = (request: object): readonly string[] =>
      provider
        .check({ server: "web", roles: [], ...request })
        .map(({ about, message }) => `${about}: ${message}`);
    expect(told({ image: "debian-21" })).toEqual([]);
    await provider.images(contextOf());
    await provider.sizes(contextOf());
    expect(told({})).toEqual([]);
    expect(told({ image: { distro: "debian-13" }, size: { cpus: 1, memoryGb: 1 } })).toEqual([]);
    expect(told({ image: "debian-21" })).toEqual([
      expect.stringMatching(/^image: .*no active image "debian-21"; Did you mean "debian-12"/),
    ]);
    expect(told({ image: { distro: "rocky-9" } })).toEqual([
      expect.stringMatching(/no active image of the distro rocky-9/),
    ]);
    expect(told({ size: { cpus: 100, memoryGb: 1 } })).toEqual([
      expect.stringMatching(/^size: .*no size with at least 100 CPUs and 1 GiB of memory/),
    ]);
    const general = openstack({ ...QUICK, image: { newest: "rocky-*" } }, cloud.environment);
    await general.images(contextOf());
    expect(general.check({ server: "web", roles: [] })).toEqual([
      {
        about: "image",
        message: expect.stringMatching(/no active image like rocky-\*/) as string,
      },
    ]);
  });

  test.each([
    [{ size: "m1.small" }, "m1.small"],
    [{ size: { cpus: 1, memoryGb: 1 } }, "m1.small"],
    [{ size: undefined }, undefined],
  ] as const)(
    "the size of %j is marked as what a server gets that asks for none",
    async (own, name) => {
      const provider = openstack({ ...QUICK, ...own }, cloud.environment);
      const marked = (await provider.sizes(contextOf())).filter(({ isDefault }) => isDefault);
      expect(marked.map((size) => size.name)).toEqual(name === undefined ? [] : [name]);
    },
  );

  test("wishes: the newest image of a name, of a distro, of a pattern; the smallest flavor that fits", async () => {
    const made = async (
      server: string,
      options: object,
    ): Promise<Readonly<Record<string, unknown>>> => {
      const provider = openstack({ ...QUICK, ...options }, cloud.environment);
      await provider.ensure(requestOf(server), contextOf());
      return cloud.project.servers.at(-1)?.request ?? {};
    };
    const [newest, , trixie] = cloud.project.images.map(({ id }) => id);
    expect(await made("a", {})).toMatchObject({ imageRef: newest, flavorRef: "2" });
    expect(await made("b", { image: { distro: "debian-13" } })).toMatchObject({ imageRef: trixie });
    expect(await made("c", { image: { newest: "debian-*" } })).toMatchObject({ imageRef: trixie });
    expect(
      await made("d", { image: { newest: "debian-*", properties: { os_version: "12" } } }),
    ).toMatchObject({ imageRef: newest });
    expect(await made("e", { size: { cpus: 2, memoryGb: 3 } })).toMatchObject({ flavorRef: "3" });
  });

  test("an image that no list shows is asked for by its id", async () => {
    const like = { ...cloud.project.images[0], name: "golden", visibility: "community" };
    const community = { ...like, id: randomUUID() };
    const retired = { ...like, id: randomUUID(), status: "deactivated" };
    cloud.project.images = [...cloud.project.images, community, retired];
    const provider = openstack({ ...QUICK, image: community.id }, cloud.environment);
    await provider.images(contextOf());
    const check = (image: string): number =>
      provider.check({ server: "w", roles: [], image }).length;
    expect([check(community.id), check("debian-21")]).toEqual([0, 1]);
    for (const name of ["web", "db"]) await provider.ensure(requestOf(name), contextOf());
    expect(cloud.project.servers.map(({ request }) => request["imageRef"])).toEqual([
      community.id,
      community.id,
    ]);
    expect(cloud.count(/^GET .*\/images\/./)).toBe(1);
    for (const image of [retired.id, randomUUID()])
      expect(await failureOf(provider.ensure(requestOf("x", { image }), contextOf()))).toMatch(
        /^IMAGE_UNKNOWN/,
      );
  });

  test("the first login is the image's own, or what the option says", async () => {
    const login = async (server: string, options: object): Promise<string> =>
      (
        await openstack({ ...QUICK, ...options }, cloud.environment).ensure(
          requestOf(server),
          contextOf(),
        )
      ).login.user;
    expect(await login("a", {})).toBe("debian");
    expect(await login("b", { image: "debian-13" })).toBe("admin");
    expect(await login("c", { image: "tiny", user: "root" })).toBe("root");
  });
});

describe("servers", () => {
  test("a quota is told as one", async () => {
    cloud.project.maxServers = 0;
    const provider = openstack(QUICK, cloud.environment);
    expect(await failureOf(provider.ensure(requestOf("web"), contextOf()))).toMatch(
      /^PROVIDER_QUOTA: .*Quota exceeded for instances.* Nothing of this server was made\.$/,
    );
  });

  test("a quota of addresses is told as one, and nobody says that nothing was made: the server runs", async () => {
    const message = "Quota exceeded for resources: ['floatingip'].";
    cloud.faults.add({
      match: /^POST .*floatingips/,
      act: { kind: "status", status: 409, message },
    });
    const provider = openstack({ ...QUICK, floatingIps: true }, cloud.environment);
    const told = await failureOf(provider.ensure(requestOf("web"), contextOf()));
    expect(told).toMatch(/^PROVIDER_QUOTA: .*floatingip.*found again by the next run/);
    expect(told).not.toMatch(/nothing/i);
    expect(cloud.project.servers.length).toBe(1);
  });

  test("no room: kept for inspection with what to do, or replaced, a few times", async () => {
    const kept = openstack(QUICK, cloud.environment);
    const request = requestOf("web", { size: "m1.huge" });
    expect(await failureOf(kept.ensure(request, contextOf()))).toMatch(
      /^MACHINE_FAILED: .*No valid host.*smaller size/,
    );
    expect(cloud.project.servers.length).toBe(1);
    const replacing = openstack({ ...QUICK, onError: "replace" }, cloud.environment);
    expect(await failureOf(replacing.ensure(request, contextOf()))).toMatch(/replaced 2 times/);
    expect(cloud.count(CREATE)).toBe(3);
    await replacing.ensure(requestOf("web"), contextOf());
    expect((await replacing.observe(contextOf())).map(({ status }) => status)).toEqual(["running"]);
  });

  describe('onError: "replace" of a server in the state ERROR', () => {
    /** A server that ran, and that a failed migration or the like has put into ERROR. */
    const breakDown = (): void => {
      for (const server of cloud.project.servers) server.status = server.settlesTo = "ERROR";
    };
    const replacing = (): Provider =>
      openstack({ ...QUICK, onError: "replace" }, cloud.environment);

    test.each([
      ["its key is its own by now", true, {}],
      ["nobody has been in yet", false, {}],
      ["its key is its own by now, and the cloud tells no launch", true, { hidesLaunch: true }],
    ])("keeps one that ran: %s", async (_, isConfigured, options) => {
      await start(options);
      const machine = await replacing().ensure(requestOf("web"), contextOf());
      if (isConfigured) {
        const keys = [KEY.replace(/ ada$/, "")];
        await replacing().keepIdentity?.(machine, { proof: "published", keys }, contextOf());
      }
      breakDown();
      const told = await failureOf(replacing().ensure(requestOf("web"), contextOf()));
      expect(told).toMatch(
        /^MACHINE_FAILED: .*web in the state ERROR: .*did not start\. .*has run before.*reboot --hard web.*destroy --server web/,
      );
      expect(told).not.toMatch(/replaced|could not make/);
      expect(cloud.project.servers.map(({ id }) => id)).toEqual([machine.id]);
      expect(cloud.count(/^DELETE/)).toBe(0);
      expect(cloud.count(CREATE)).toBe(1);
    });

    test("what the hint says brings it back", async () => {
      const machine = await replacing().ensure(requestOf("web"), contextOf());
      breakDown();
      const [broken] = await replacing().observe(contextOf());
      expect(broken).toMatchObject({ id: machine.id, status: "failed" });
      await replacing().reboot(broken ?? machine, "hard", contextOf());
      await expect
        .poll(async () => (await replacing().observe(contextOf()))[0]?.status)
        .toBe("running");
      expect((await replacing().ensure(requestOf("web"), contextOf())).id).toBe(machine.id);
    });

    test("where the cloud tells no launch, only what the same call has made is replaced", async () => {
      await start({ hidesLaunch: true });
      const request = requestOf("web", { size: "m1.huge" });
      expect(await failureOf(replacing().ensure(request, contextOf()))).toMatch(/replaced 2 times/);
      expect(cloud.count(CREATE)).toBe(3);
      expect(await failureOf(replacing().ensure(request, contextOf()))).toMatch(
        /^MACHINE_FAILED: .*does not tell whether it ever ran.*destroy --server web/,
      );
      expect(cloud.count(CREATE)).toBe(3);
      expect(cloud.count(/^DELETE/)).toBe(2);
    });
  });

  test("two servers of ours with one name: the older one stays", async () => {
    const provider = openstack(QUICK, cloud.environment);
    const machine = await provider.ensure(requestOf("web"), contextOf());
    const [first] = cloud.project.servers;
    if (first === undefined) throw new Error("there is none");
    cloud.project.servers.push({ ...first, id: "second", created: "2999-01-01T00:00:00Z" });
    expect((await provider.ensure(requestOf("web"), contextOf())).id).toBe(machine.id);
    expect((await provider.observe(contextOf())).map(({ id }) => id)).toEqual([machine.id]);
  });

  test("a create that was accepted and lost is sent again when the cloud knows nothing of it", async () => {
    const provider = openstack(QUICK, cloud.environment);
    cloud.faults.add({ match: CREATE, act: { kind: "accepted-and-lost" } });
    await provider.ensure(requestOf("web"), contextOf());
    expect(cloud.count(CREATE)).toBe(2);
    expect(cloud.project.servers.length).toBe(1);
  });

  test("creates that are accepted and lost again and again end with the reason", async () => {
    const provider = openstack(QUICK, cloud.environment);
    cloud.faults.add({ match: CREATE, times: 99, act: { kind: "accepted-and-lost" } });
    expect(await failureOf(provider.ensure(requestOf("web"), contextOf()))).toMatch(
      /^PROVIDER_UNAVAILABLE: .*accepted .* 3 times/,
    );
    expect(cloud.count(CREATE)).toBe(3);
  });

  test("an accepted create that lists show late is not sent again", async () => {
    await start({ lagMs: 400 });
    const provider = openstack(QUICK, cloud.environment);
    await provider.ensure(requestOf("web"), contextOf());
    expect(cloud.count(CREATE)).toBe(1);
  });

  test("a create that is never answered and was not carried out: looked up, and then sent again", async () => {
    const provider = openstack({ ...QUICK, callTimeoutMs: 200 }, cloud.environment);
    cloud.faults.add({ match: CREATE, act: { kind: "hangs" } });
    await provider.ensure(requestOf("web"), contextOf());
    const calls = cloud.calls.map(({ method, path }) => `${method} ${path}`);
    const creates = calls.flatMap((call, index) => (CREATE.test(call) ? [index] : []));
    expect(creates.length).toBe(2);
    expect(calls.slice(creates[0], creates[1]).some((call) => LIST.test(call))).toBe(true);
    expect(cloud.project.servers.length).toBe(1);
  });

  test("an address that comes again belongs to another server with another key", async () => {
    const provider = openstack(QUICK, cloud.environment);
    const before = await provider.ensure(requestOf("web"), contextOf());
    const old = await provider.identity(before, contextOf());
    await provider.destroy("web", contextOf());
    cloud.project.nextAddressIs(before.publicAddresses[0] ?? "");
    const after = await provider.ensure(requestOf("web"), contextOf());
    expect(after.publicAddresses).toEqual(before.publicAddresses);
    expect(after.id).not.toBe(before.id);
    const { proof, keys } = await provider.identity(after, contextOf());
    expect(proof).toBe("injected");
    expect(keys).not.toEqual(old.keys);
    // What is asked for the one that is gone is answered for no other.
    expect(await failureOf(provider.identity(before, contextOf()))).toMatch(/^PROVIDER_NOT_FOUND/);
  });

  test("a stopped server is started", async () => {
    const provider = openstack(QUICK, cloud.environment);
    const machine = await provider.ensure(requestOf("web"), contextOf());
    const [server] = cloud.project.servers;
    if (server !== undefined) Object.assign(server, { status: "SHUTOFF", settlesTo: "SHUTOFF" });
    expect((await provider.observe(contextOf()))[0]?.status).toBe("stopped");
    expect((await provider.ensure(requestOf("web"), contextOf())).id).toBe(machine.id);
    expect((await provider.observe(contextOf()))[0]?.status).toBe("running");
  });

  test("a floating address is made once, is the way in, and goes with its server", async () => {
    const provider = openstack({ ...QUICK, floatingIps: "public" }, cloud.environment);
    cloud.faults.add({ match: /POST .*floatingips/, act: { kind: "answer-lost" } });
    const machine = await provider.ensure(requestOf("web"), contextOf());
    const [floating, ...others] = cloud.project.floatingIps;
    expect(others).toEqual([]);
    expect(machine.publicAddresses).toEqual([floating?.floating_ip_address]);
    expect(machine.privateAddresses).toEqual([cloud.project.servers[0]?.address]);
    await provider.destroy("web", contextOf());
    expect(cloud.project.floatingIps).toEqual([]);
  });

  test("a floating address goes to a port that the external network reaches, to one of its addresses", async () => {
    cloud.project.unrouted.add("private");
    cloud.project.addressesPerPort = 2;
    const provider = openstack(
      { ...QUICK, networks: ["private", "shared"], floatingIps: true },
      cloud.environment,
    );
    const machine = await provider.ensure(requestOf("web"), contextOf());
    expect(machine.publicAddresses).toEqual(["203.0.113.1"]);
    const [, onShared] = cloud.project.servers.flatMap((one) => cloud.project.portsOf(one));
    expect(cloud.project.floatingIps.map(({ port_id: port }) => port)).toEqual([onShared?.id]);
    // Done once: nothing more is asked for, and a loose one is taken again.
    await provider.ensure(requestOf("web"), contextOf());
    for (const entry of cloud.project.floatingIps) entry.port_id = null;
    await provider.ensure(requestOf("web"), contextOf());
    expect(cloud.project.floatingIps.map(({ port_id: port }) => port)).toEqual([onShared?.id]);
  });

  test("a floating address goes to the access network first", async () => {
    const provider = openstack(
      { ...QUICK, networks: ["private", "shared"], floatingIps: true, accessNetwork: "shared" },
      cloud.environment,
    );
    await provider.ensure(requestOf("web"), contextOf());
    expect(cloud.count(/^POST .*floatingips/)).toBe(1);
    const [, onShared] = cloud.project.servers.flatMap((one) => cloud.project.portsOf(one));
    expect(cloud.project.floatingIps.map(({ port_id: port }) => port)).toEqual([onShared?.id]);
  });

  test("no port that the external network reaches: told in the cloud's words", async () => {
    cloud.project.unrouted.add("private");
    const provider = openstack({ ...QUICK, floatingIps: true }, cloud.environment);
    expect(await failureOf(provider.ensure(requestOf("web"), contextOf()))).toMatch(
      /^PROVIDER_NOT_FOUND: .*not reachable from subnet/,
    );
  });

  test("networks of which one takes no security groups are refused by name, unless no groups are wanted", async () => {
    const mixed = { ...QUICK, networks: ["private", "open"] };
    const refused = openstack(mixed, cloud.environment);
    expect(await failureOf(refused.ensure(requestOf("web"), contextOf()))).toMatch(
      /^CONFIG_INVALID: .*network open .*ownSecurityGroup: false/,
    );
    expect(cloud.count(/^POST .*(servers|security-groups)$/)).toBe(0);
    const without = openstack({ ...mixed, ownSecurityGroup: false }, cloud.environment);
    await without.ensure(requestOf("web"), contextOf());
    const open = openstack({ ...QUICK, networks: ["open"] }, cloud.environment);
    await open.ensure(requestOf("db"), contextOf());
    expect(cloud.project.servers.map(({ groups }) => groups)).toEqual([[], []]);
  });

  test.each([
    [10, {}, 10],
    [10, { diskGb: 30 }, 30],
    [2, {}, 8],
  ])("a boot volume of %i GiB with the wish %j has %i GiB", async (sizeGb, wish, expected) => {
    cloud.project.images = cloud.project.images.map((image) => ({ ...image, min_disk: 8 }));
    const size = { cpus: 1, memoryGb: 1, ...wish };
    const options = { ...QUICK, bootVolume: { sizeGb } };
    await openstack(options, cloud.environment).ensure(requestOf("web", { size }), contextOf());
    await openstack({ ...options, size }, cloud.environment).ensure(requestOf("db"), contextOf());
    expect(cloud.project.servers.length).toBe(2);
    for (const { request } of cloud.project.servers)
      expect(request["block_device_mapping_v2"]).toEqual([
        expect.objectContaining({ volume_size: expected }),
      ]);
  });

  test("a cell that is down: what is known goes on, what may be hidden in it is not made again nor called gone", async () => {
    const provider = openstack({ ...QUICK, floatingIps: true }, cloud.environment);
    await provider.ensure(requestOf("web"), contextOf());
    await provider.ensure(requestOf("db"), contextOf());
    cloud.project.hidden.add(cloud.project.servers[1]?.id ?? "");
    const next = openstack({ ...QUICK, floatingIps: true }, cloud.environment);
    expect((await next.observe(contextOf())).map(({ server }) => server)).toEqual(["web"]);
    expect(await next.leftovers?.(contextOf())).toEqual([]);
    await next.ensure(requestOf("web"), contextOf());
    for (const work of [next.ensure(requestOf("db"), contextOf()), next.destroy("db", contextOf())])
      expect(await failureOf(work)).toMatch(/^PROVIDER_UNAVAILABLE: .*db may be one of them/);
    expect(cloud.count(CREATE)).toBe(2);
    cloud.project.hidden.clear();
    await next.ensure(requestOf("db"), contextOf());
    expect(cloud.count(CREATE)).toBe(2);
  });

  test.each([
    [false, true],
    [true, false],
    ["mine", false],
  ])("with the key pair %j user-data is the only way in: %j", async (keyPair, isOnlyWay) => {
    cloud.project.keyPairs.push({ name: "mine", public_key: KEY });
    const provider = openstack({ ...QUICK, keyPair }, cloud.environment);
    const made = await provider.ensure(requestOf("web"), contextOf());
    expect(made.firstBoot).toEqual({ nonce: "token-web", isOnlyWay });
    expect((await provider.observe(contextOf()))[0]?.firstBoot).toEqual(made.firstBoot);
    const data = String(cloud.project.servers[0]?.request["user_data"]);
    expect(Buffer.from(data, "base64").toString()).toContain("content: |\n      token-web\n");
  });

  test("a server in rescue mode is told at once", async () => {
    const provider = openstack(QUICK, cloud.environment);
    await provider.ensure(requestOf("web"), contextOf());
    for (const server of cloud.project.servers) server.status = server.settlesTo = "RESCUE";
    expect(await failureOf(provider.ensure(requestOf("web"), contextOf()))).toMatch(
      /^PROVIDER_CONFLICT: web is in rescue mode.*unrescue/,
    );
  });

  test("a server whose floating address is still to come does not look ready", async () => {
    const provider = openstack({ ...QUICK, floatingIps: true }, cloud.environment);
    cloud.faults.add({
      match: /POST .*floatingips/,
      act: { kind: "status", status: 409, message: "no more addresses" },
    });
    expect(await failureOf(provider.ensure(requestOf("web"), contextOf()))).toMatch(/^PROVIDER_/);
    expect((await provider.observe(contextOf())).map((one) => one.publicAddresses)).toEqual([[]]);
    const machine = await provider.ensure(requestOf("web"), contextOf());
    expect(machine.publicAddresses).toEqual(
      cloud.project.floatingIps.map((one) => one.floating_ip_address),
    );
    expect(cloud.project.servers.length).toBe(1);
  });

  test("a floating address whose server somebody else has deleted is removed as well", async () => {
    const provider = openstack({ ...QUICK, floatingIps: true }, cloud.environment);
    await provider.ensure(requestOf("web"), contextOf());
    cloud.project.servers = [];
    expect(await provider.destroy("web", contextOf())).toEqual({ existed: true });
    expect(cloud.project.floatingIps).toEqual([]);
  });

  test("what options of an earlier config made is removed as well, and another stack's stays", async () => {
    const before = openstack(
      { ...QUICK, floatingIps: true, keyPair: true, serverGroup: "affinity" },
      cloud.environment,
    );
    await before.ensure(requestOf("web"), contextOf());
    await before.ensure(requestOf("web"), contextOf({ stack: "shop-b" }));
    cloud.project.servers = [];
    for (const entry of cloud.project.floatingIps) entry.port_id = null;
    const now = openstack(QUICK, cloud.environment);
    expect(await now.leftovers?.(contextOf())).toEqual([
      { kind: "floating address", name: "203.0.113.1", server: "web" },
    ]);
    expect(await now.destroy("web", contextOf())).toEqual({ existed: true });
    await now.destroyShared?.(contextOf());
    const { floatingIps, groups, keyPairs, serverGroups } = cloud.project;
    expect(floatingIps.map(({ description }) => description)).toEqual([
      "Made by bootmachine for the server shop-b.web.",
    ]);
    for (const left of [groups.filter(({ name }) => name !== "default"), keyPairs, serverGroups])
      expect(left.map(({ name }) => name)).toEqual([expect.stringContaining("shop-b")]);
  });

  test.each([404, 403])(
    "a cloud without floating addresses (%i) and server groups has nothing of ours there",
    async (status) => {
      const provider = openstack(QUICK, cloud.environment);
      await provider.ensure(requestOf("web"), contextOf());
      cloud.faults.add({ match: /floatingips/, times: 9, act: { kind: "status", status } });
      cloud.faults.add({ match: /server-groups/, act: { kind: "status", status: 403 } });
      expect(await provider.leftovers?.(contextOf())).toEqual([]);
      await provider.destroy("web", contextOf());
      await provider.destroyShared?.(contextOf());
      expect(cloud.project.groups.map(({ name }) => name)).toEqual(["default"]);
    },
  );

  test("what the stack's servers share is made once and goes with the stack, and another stack's stays", async () => {
    const provider = openstack(
      { ...QUICK, keyPair: true, serverGroup: "anti-affinity" },
      cloud.environment,
    );
    const other = contextOf({ stack: "shop-b" });
    await Promise.all([
      provider.ensure(requestOf("web"), contextOf()),
      provider.ensure(requestOf("db"), contextOf()),
      provider.ensure(requestOf("web"), other),
    ]);
    const shared = (): readonly string[] =>
      [...cloud.project.groups, ...cloud.project.keyPairs, ...cloud.project.serverGroups].map(
        ({ name }) => name,
      );
    expect(shared().length).toBe(1 + 2 * 3);
    expect(shared().every((name) => /^(default$|bootmachine[.-]shop)/.test(name))).toBe(true);
    for (const server of ["web", "db"]) await provider.destroy(server, contextOf());
    await provider.destroyShared?.(contextOf());
    expect(shared().filter((name) => /^bootmachine[.-]shop([.]|-[^b]|$)/.test(name))).toEqual([]);
    expect(shared().length).toBe(1 + 3);
  });
});

describe("addresses", () => {
  const boot = async (options: OpenStackOptions, server = "web") =>
    await openstack({ ...QUICK, ...options }, cloud.environment).ensure(
      requestOf(server),
      contextOf(),
    );

  test("a network of IPv6 alone: that address is the way in, from here and among the members", async () => {
    cloud.project.families.set("private", [6]);
    const machine = await boot({});
    expect(machine.publicAddresses).toEqual([expect.stringMatching(/^2001:db8:91:/)]);
    expect(machine.privateAddresses).toEqual(machine.publicAddresses);
    expect(machine.status).toBe("running");
    const [again] = await openstack(QUICK, cloud.environment).observe(contextOf());
    expect(again?.publicAddresses).toEqual(machine.publicAddresses);
  });

  test("of both families IPv4 is tried first, and the other one as well, whatever comes first at the cloud", async () => {
    cloud.project.families.set("private", [6, 4]);
    const { publicAddresses } = await boot({});
    expect(publicAddresses).toEqual([
      expect.stringMatching(/^10\.91\./),
      expect.stringMatching(/^2001:db8:91:/),
    ]);
  });

  test("a floating address cannot lead to IPv6: told with what to do; to the IPv4 one of both it can", async () => {
    const { families } = cloud.project;
    families.set("private", [6]).set("shared", [6, 4]);
    expect(await failureOf(boot({ floatingIps: true }))).toMatch(
      /^PROVIDER_NOT_FOUND: web has no IPv4 address .*leave out floatingIps/,
    );
    const { publicAddresses, privateAddresses } = await boot(
      { floatingIps: true, networks: ["shared"] },
      "db",
    );
    // At its own IPv6 one it is reached from outside as well: it is tried, and looked at by the proof.
    expect(publicAddresses).toEqual([
      "203.0.113.1",
      expect.stringMatching(/^2001:db8:91:/) as string,
    ]);
    expect(privateAddresses.length).toBe(2);
  });

  test("beside a floating address only public IPv6 ones lead here, and only on the access network where one is named", async () => {
    cloud.project.families.set("private", [4, 6]).set("shared", [6]);
    const options = { floatingIps: true, networks: ["private", "shared"] };
    const { publicAddresses } = await boot(options);
    expect(publicAddresses).toEqual([
      "203.0.113.1",
      expect.stringMatching(/^2001:db8:91:/),
      expect.stringMatching(/^2001:db8:92:/),
    ]);
    const named = await boot({ ...options, accessNetwork: "private" }, "db");
    expect(named.publicAddresses).toEqual(["203.0.113.2", expect.stringMatching(/^2001:db8:91:/)]);
    cloud.project.prefix6 = "fd00:1";
    const local = await boot(options, "mail");
    expect(local.publicAddresses).toEqual(["203.0.113.3"]);
    cloud.project.prefix6 = "fe80:0";
    expect((await boot(options, "backup")).publicAddresses).toEqual(["203.0.113.4"]);
  });

  test("of several networks the one that leads here is named, and the members know all of their addresses", async () => {
    const networks = ["private", "shared"];
    const { publicAddresses, privateAddresses } = await boot({ networks, accessNetwork: "shared" });
    expect(publicAddresses).toEqual([expect.stringMatching(/^10\.92\./)]);
    expect(privateAddresses).toEqual([
      expect.stringMatching(/^10\.91\./),
      expect.stringMatching(/^10\.92\./),
    ]);
  });

  test("a network that the servers are not on, or an id, leads nowhere: refused before anything is made", async () => {
    const id = cloud.project.networks.find(({ name }) => name === "private")?.id ?? "";
    for (const [accessNetwork, said] of [
      [
        "shared",
        /^CONFIG_INVALID: .*not on the network shared.*Known networks of the servers: private\./,
      ],
      ["privat", /^CONFIG_INVALID: .*Did you mean "private"\?/],
      [id, /^CONFIG_INVALID: .*by name, not by id: accessNetwork: "private"/],
    ] as const)
      expect(await failureOf(boot({ accessNetwork }))).toMatch(said);
    expect(cloud.count(/^POST .*(servers|security-groups)$/)).toBe(0);
  });

  test("a server that is on no such network, of an earlier config, says so while it is waited for", async () => {
    await boot({});
    const progress: string[] = [];
    const now = openstack(
      { ...QUICK, accessNetwork: "shared", bootTimeoutMs: 1000 },
      cloud.environment,
    );
    const context = contextOf({ progress: (text) => progress.push(text) });
    expect(await failureOf(now.ensure(requestOf("web"), context))).toMatch(/^TIMEOUT/);
    expect(progress.join("\n")).toContain("ACTIVE, on private and not on shared (accessNetwork)");
  });
});

describe("what a server is put into", () => {
  const mine = { id: randomUUID(), name: "mine", description: "" };
  const ensure = async (options: OpenStackOptions) => {
    const provider = openstack({ ...QUICK, ...options }, cloud.environment);
    await provider.ensure(requestOf("web"), contextOf());
    return provider;
  };
  beforeEach(() => {
    cloud.project.groups.push(mine);
    cloud.project.keyPairs.push({ name: "mine", public_key: KEY });
  });

  test.each([
    [{}, { config_drive: false }],
    [{ configDrive: true }, { config_drive: true }],
    [{ availabilityZone: "east" }, { availability_zone: "east" }],
    [{ availabilityZone: "east", keyPair: "mine" }, { key_name: "mine" }],
    [
      { bootVolume: { sizeGb: 10, type: "fast" } },
      {
        imageRef: "",
        block_device_mapping_v2: [
          {
            boot_index: 0,
            uuid: expect.any(String) as unknown,
            source_type: "image",
            destination_type: "volume",
            volume_size: 10,
            volume_type: "fast",
            delete_on_termination: true,
          },
        ],
      },
    ],
  ] as const)("%j is sent as %j, and destroy leaves what is yours", async (options, sent) => {
    const provider = await ensure(options);
    const [server] = cloud.project.servers;
    expect(server?.request).toMatchObject(sent);
    // What is not wished for is not named.
    const known = ["availability_zone", "key_name", "block_device_mapping_v2"];
    expect(known.filter((name) => name in (server?.request ?? {})).toSorted()).toEqual([
      ...("availabilityZone" in options ? ["availability_zone"] : []),
      ...("bootVolume" in options ? ["block_device_mapping_v2"] : []),
      ...("keyPair" in options ? ["key_name"] : []),
    ]);
    await provider.destroy("web", contextOf());
    await provider.destroyShared?.(contextOf());
    expect(cloud.project.keyPairs.map(({ name }) => name)).toEqual(["mine"]);
    expect(cloud.project.groups.map(({ name }) => name)).toEqual(["default", "mine"]);
  });

  test("a server group is what the scheduler is told, and goes with the stack", async () => {
    const provider = await ensure({ serverGroup: "anti-affinity" });
    const [group] = cloud.project.serverGroups;
    expect(group).toMatchObject({ policy: "anti-affinity" });
    expect(cloud.project.servers[0]?.hints).toEqual({ group: group?.id });
    await provider.destroy("web", contextOf());
    await provider.destroyShared?.(contextOf());
    expect(cloud.project.serverGroups).toEqual([]);
  });

  describe("server groups of two stacks whose names and policies, put together, are the same", () => {
    const PAIRS = [
      ["shop-anti", "affinity", "shop", "anti-affinity"],
      ["shop-soft", "affinity", "shop", "soft-affinity"],
      ["shop-soft", "anti-affinity", "shop", "soft-anti-affinity"],
      ["shop-soft-anti", "affinity", "shop", "soft-anti-affinity"],
    ] as const;
    const oneOf = (serverGroup: OpenStackOptions["serverGroup"]): Provider =>
      openstack({ ...QUICK, serverGroup }, cloud.environment);
    /** The policy that the scheduler was told for the servers of a stack. */
    const policiesOf = (stack: string): readonly (string | undefined)[] =>
      cloud.project.servers
        .filter(({ metadata }) => metadata["bootmachine-stack"] === stack)
        .map(({ hints }) => {
          const { group } = hints as { readonly group: string };
          return cloud.project.serverGroups.find(({ id }) => id === group)?.policy;
        });

    test.each(PAIRS)("%s with %s, and %s with %s", async (one, its, other, another) => {
      for (const [stack, policy] of [
        [one, its],
        [other, another],
      ] as const)
        await oneOf(policy).ensure(requestOf("web"), contextOf({ stack }));
      expect(policiesOf(one)).toEqual([its]);
      expect(policiesOf(other)).toEqual([another]);
      for (const [gone, left] of [
        [one, [another]],
        [other, []],
      ] as const) {
        await oneOf(undefined).destroy("web", contextOf({ stack: gone }));
        await oneOf(undefined).destroyShared?.(contextOf({ stack: gone }));
        expect(cloud.project.serverGroups.map(({ policy }) => policy)).toEqual(left);
      }
    });

    test.each(PAIRS)(
      "those of earlier versions, of %s with %s and of %s with %s, have one name: the policy tells whose each is",
      async (one, its, other, another) => {
        const name = `bootmachine.${other}-${another}`;
        expect(name).toBe(`bootmachine.${one}-${its}`);
        cloud.project.serverGroups = [
          { id: "one", name, policies: [its] },
          { id: "other", name, policy: another },
          { id: "theirs", name: `bootmachine.${one}.${its}`, policy: another },
        ];
        await oneOf(its).ensure(requestOf("web"), contextOf({ stack: one }));
        await oneOf(another).ensure(requestOf("web"), contextOf({ stack: other }));
        expect(cloud.project.servers.map(({ hints }) => hints)).toEqual([
          { group: "one" },
          { group: "other" },
        ]);
        await oneOf(undefined).destroy("web", contextOf({ stack: other }));
        await oneOf(undefined).destroyShared?.(contextOf({ stack: other }));
        expect(cloud.project.serverGroups.map(({ id }) => id)).toEqual(["one", "theirs"]);
        await oneOf(undefined).destroy("web", contextOf({ stack: one }));
        await oneOf(undefined).destroyShared?.(contextOf({ stack: one }));
        expect(cloud.project.serverGroups.map(({ id }) => id)).toEqual(["theirs"]);
      },
    );
  });

  test("further security groups, by name or id, stand beside ours and outlive it", async () => {
    const [standard] = cloud.project.groups;
    const provider = await ensure({ securityGroups: ["mine", standard?.id ?? ""] });
    const own = cloud.project.groups.find(({ name }) => name === "bootmachine.shop");
    expect(cloud.project.servers[0]?.groups).toEqual([own?.id, mine.id, standard?.id]);
    await provider.destroy("web", contextOf());
    await provider.destroyShared?.(contextOf());
    expect(cloud.project.groups).toEqual([standard, mine]);
  });

  test("without a group of ours none is made nor brought in line, and yours are left as they are", async () => {
    const options = { ...QUICK, ownSecurityGroup: false, securityGroups: ["mine"] };
    const provider = openstack(options, cloud.environment);
    const inlets: Inlet[] = [{ protocol: "tcp", fromPort: 22, toPort: 22, from: "anywhere" }];
    for (const mode of ["plan", "open", "close"] as const)
      expect(await provider.ensureShared?.(wishOf(mode, inlets), contextOf())).toEqual({
        made: [],
        opened: [],
        closed: [],
        surplus: [],
      });
    expect(cloud.calls).toEqual([]);
    await provider.ensure(requestOf("web"), contextOf());
    expect(cloud.project.servers[0]?.groups).toEqual([mine.id]);
    expect(cloud.count(/^(POST|DELETE|PUT) .*security-group/)).toBe(0);
    // The one of an earlier config goes with the stack all the same.
    await openstack(QUICK, cloud.environment).ensureShared?.(wishOf("open", inlets), contextOf());
    await provider.destroy("web", contextOf());
    await provider.destroyShared?.(contextOf());
    expect(cloud.project.groups.map(({ name }) => name)).toEqual(["default", "mine"]);
  });

  test.each([
    [{ securityGroups: ["mien"] }, /no security group mien\..*Did you mean "mine"\?/],
    [
      { availabilityZone: "eats" },
      /no availability zone eats\..*Did you mean "east"\?.*nova, east/,
    ],
    [{ keyPair: "mien" }, /no key pair mien\..*Did you mean "mine"\?/],
    [{ networks: ["open"], securityGroups: ["mine"] }, /network open .*mine would guard nothing/],
  ])("%j is not there: told with near names, and nothing is made", async (options, said) => {
    expect(
      await failureOf(
        ensure({ ...options, keyPair: "keyPair" in options ? options.keyPair : true }),
      ),
    ).toMatch(said);
    expect(cloud.count(/^POST .*(servers|security-groups|keypairs)$/)).toBe(0);
  });

  test("of several security groups of one name the project's own counts, and two of its own are told", async () => {
    const theirs = { id: "theirs", name: "mine", description: "", project_id: "project-2" };
    cloud.project.groups.unshift(theirs);
    await ensure({ ownSecurityGroup: false, securityGroups: ["mine"] });
    expect(cloud.project.servers[0]?.groups).toEqual([mine.id]);
    cloud.project.groups.push({ id: "second", name: "mine", description: "" });
    const provider = openstack({ ...QUICK, securityGroups: ["mine"] }, cloud.environment);
    expect(await failureOf(provider.ensure(requestOf("db"), contextOf()))).toMatch(
      new RegExp(`^PROVIDER_CONFLICT: .*several security groups mine.*${mine.id}, second`),
    );
  });

  test.each([
    [{ availabilityZone: "" }, "provider.availabilityZone", /at least 1 character/],
    [{ serverGroup: "anti-afinity" }, "provider.serverGroup", /Did you mean "anti-affinity"\?/],
    [{ configDrive: "yes" }, "provider.configDrive", /true or false, not a text/],
    [{ securityGroups: "mine" }, "provider.securityGroups", /a list, not a text/],
    [{ ownSecurityGroup: 0 }, "provider.ownSecurityGroup", /true or false, not a number/],
    [{ bootVolume: { sizeGb: 0 } }, "provider.bootVolume.sizeGb", /at least 1/],
    [{ bootVolume: { sizeGb: 70_000 } }, "provider.bootVolume.sizeGb", /at most 65536/],
    [{ bootVolume: { size: 10 } }, "provider.bootVolume.size", /Did you mean "sizeGb"\?/],
    [{ acessNetwork: "private" }, "provider.acessNetwork", /Did you mean "accessNetwork"\?/],
    [{ networks: [] }, "provider.networks", /at least 1 item/],
  ])("%j is refused at %s", (options, path, said) => {
    let problems: readonly ProblemRecord[] = [];
    try {
      openstack(options as OpenStackOptions, cloud.environment);
    } catch (thrown) {
      problems = (thrown as UserError).problems;
    }
    const found = problems.find((problem) => problem.path === path);
    expect(`${found?.message} ${found?.hint}`, JSON.stringify(problems)).toMatch(said);
  });
});

describe("host identity", () => {
  test("injected: the public half stands in the metadata, the private one in user-data only", async () => {
    const provider = openstack(QUICK, cloud.environment);
    const machine = await provider.ensure(requestOf("web"), contextOf());
    const identity = await provider.identity(machine, contextOf());
    const [server] = cloud.project.servers;
    const userData = Buffer.from(String(server?.request["user_data"]), "base64").toString();
    expect(identity).toEqual({
      proof: "injected",
      keys: [server?.metadata["bootmachine-host-key"]],
    });
    expect(userData).toContain(identity.keys[0]);
    expect(userData).toContain("token-web");
    expect(JSON.stringify(server?.metadata)).not.toContain("PRIVATE");
  });

  test("console: the last whole block counts; without one it ends with the reason", async () => {
    const provider = openstack(
      { ...QUICK, hostIdentity: "console", bootTimeoutMs: 1000 },
      cloud.environment,
    );
    const machine = await provider.ensure(requestOf("web"), contextOf());
    expect(await failureOf(provider.identity(machine, contextOf()))).toMatch(/^IDENTITY_UNPROVEN/);
    cloud.project.consoleText = [
      "[   10.1] cloud-init[512]: -----BEGIN SSH HOST KEY KEYS-----",
      "[   10.1] cloud-init[512]: ssh-ed25519 AAAAnew root@web\r",
      "[   10.1] cloud-init[512]: ssh-rsa AAAArsa= root@web",
      "[   10.1] cloud-init[512]: -----END SSH HOST KEY KEYS-----",
      "-----BEGIN SSH HOST KEY KEYS-----",
      "ssh-ed25519 AAAAhalf",
    ].join("\n");
    expect(await provider.identity(machine, contextOf())).toEqual({
      proof: "console",
      keys: ["ssh-ed25519 AAAAnew", "ssh-rsa AAAArsa="],
    });
    expect(cloud.project.servers[0]?.metadata).not.toHaveProperty("bootmachine-host-key");
  });
});

describe("the security group", () => {
  const opened = (): readonly string[] =>
    cloud.project.rules
      .filter((rule) => rule["direction"] === "ingress")
      .map((rule) => {
        const prefix = rule["remote_ip_prefix"];
        const known = typeof prefix === "string" ? prefix : "all";
        const from = rule["remote_group_id"] === null ? known : "stack";
        return `${String(rule["ethertype"])} ${String(rule["protocol"])} ${String(rule["port_range_min"])}-${String(rule["port_range_max"])} ${from}`;
      })
      .toSorted();
  const ssh = (port: number): Inlet => ({
    protocol: "tcp",
    fromPort: port,
    toPort: port,
    from: "anywhere",
  });

  const stack: Inlet = { protocol: "udp", fromPort: 6000, toPort: 6010, from: "stack" };
  const ICMP = ["IPv4 icmp null-null all", "IPv6 ipv6-icmp null-null all"];
  const SSH = ["IPv4 tcp 22-22 0.0.0.0/0", "IPv6 tcp 22-22 ::/0"];
  const methods = (): readonly string[] => cloud.calls.map(({ method }) => method);

  test("opening closes nothing; closing opens first, and tells what it did; what goes out stays", async () => {
    const provider = openstack(QUICK, cloud.environment);
    const made = await provider.ensureShared?.(wishOf("open", [stack], [ssh(22)]), contextOf());
    const before = [...ICMP, ...SSH, "IPv4 udp 6000-6010 stack", "IPv6 udp 6000-6010 stack"];
    expect(opened()).toEqual(before.toSorted());
    expect(made).toEqual({
      made: ["the security group bootmachine.shop"],
      opened: [
        "icmp from anywhere",
        "udp 6000-6010 from the stack's servers",
        "tcp 22 from anywhere",
      ],
      closed: [],
      surplus: ["tcp 22 from anywhere"],
    });
    const narrowed = [{ ...ssh(2849), from: ["192.0.2.1", "2001:db8::/32"] }];
    const after = ["IPv4 tcp 2849-2849 192.0.2.1/32", "IPv6 tcp 2849-2849 2001:db8::/32"];
    const surplus = ["tcp 22 from anywhere", "udp 6000-6010 from the stack's servers"];
    cloud.calls.length = 0;
    const opening = await provider.ensureShared?.(wishOf("open", narrowed), contextOf());
    expect(opened()).toEqual([...before, ...after].toSorted());
    expect(opening).toMatchObject({
      made: [],
      opened: ["tcp 2849 from 192.0.2.1/32, 2001:db8::/32"],
      closed: [],
    });
    expect(opening?.surplus.toSorted()).toEqual(surplus);
    expect(methods()).toEqual(["GET", "POST"]);
    cloud.calls.length = 0;
    const widened = [...narrowed, { ...ssh(443), from: ["192.0.2.1"] }];
    const closing = await provider.ensureShared?.(wishOf("close", widened), contextOf());
    expect(opened()).toEqual([...ICMP, ...after, "IPv4 tcp 443-443 192.0.2.1/32"].toSorted());
    expect(closing).toMatchObject({ opened: ["tcp 443 from 192.0.2.1/32"], surplus: [] });
    expect(closing?.closed.toSorted()).toEqual(surplus);
    expect(methods()).toEqual(["GET", "POST", "DELETE", "DELETE", "DELETE", "DELETE"]);
    expect(cloud.project.rules.filter((rule) => rule["direction"] === "egress").length).toBe(2);
  });

  test("a plan is told, and changes nothing", async () => {
    const provider = openstack(QUICK, cloud.environment);
    const wish = wishOf("plan", [ssh(2849)], [ssh(22)]);
    const opens = ["icmp from anywhere", "tcp 2849 from anywhere", "tcp 22 from anywhere"];
    expect(await provider.ensureShared?.(wish, contextOf())).toEqual({
      made: ["the security group bootmachine.shop"],
      opened: opens,
      closed: [],
      surplus: ["tcp 22 from anywhere"],
    });
    expect(cloud.project.groups.map(({ name }) => name)).not.toContain("bootmachine.shop");
    await provider.ensureShared?.(wishOf("open", [ssh(443)]), contextOf());
    cloud.calls.length = 0;
    expect(await provider.ensureShared?.(wish, contextOf())).toEqual({
      made: [],
      opened: opens.slice(1),
      closed: [],
      surplus: ["tcp 443 from anywhere", "tcp 22 from anywhere"],
    });
    expect(methods()).toEqual(["GET"]);
  });

  test("nothing differs: one call, and nothing is changed", async () => {
    const provider = openstack(QUICK, cloud.environment);
    await provider.ensureShared?.(wishOf("open", [ssh(22)]), contextOf());
    cloud.calls.length = 0;
    const report = await provider.ensureShared?.(wishOf("close", [ssh(22)]), contextOf());
    expect(report).toEqual({ made: [], opened: [], closed: [], surplus: [] });
    expect(methods()).toEqual(["GET"]);
  });

  test("a source that is written otherwise than Neutron writes it stays open in every run", async () => {
    const inlets = [{ ...ssh(2849), from: ["2001:DB8:0:0::/32", "10.1.2.3/8", "2001:DB8::1"] }];
    const expected = [
      ...ICMP,
      "IPv4 tcp 2849-2849 10.0.0.0/8",
      "IPv6 tcp 2849-2849 2001:db8::/32",
      "IPv6 tcp 2849-2849 2001:db8::1/128",
    ].toSorted();
    for (const mode of ["open", "close", "open", "close"] as const) {
      const provider = openstack(QUICK, cloud.environment);
      await provider.ensureShared?.(wishOf(mode, inlets), contextOf());
      expect(opened(), mode).toEqual(expected);
    }
    const changing = cloud.calls.filter(
      ({ method, path }) => method !== "GET" && !path.includes("tokens"),
    );
    expect(changing.map(({ method, path }) => `${method} ${path.replace(/^.*\//, "")}`)).toEqual([
      "POST security-groups",
      "POST security-group-rules",
    ]);
  });

  /** What somebody has put into the stack's group by hand. */
  const put = (rule: object): void => {
    const group = cloud.project.groups.find(({ name }) => name === "bootmachine.shop");
    cloud.project.rules.push({
      id: randomUUID(),
      security_group_id: group?.id ?? "",
      direction: "ingress",
      ethertype: "IPv4",
      protocol: "tcp",
      port_range_min: null,
      port_range_max: null,
      remote_ip_prefix: null,
      remote_group_id: null,
      remote_address_group_id: null,
      ...rule,
    });
  };

  test("what somebody added comes in until the rest is closed, and a plan tells it; what somebody took away is put back", async () => {
    const provider = openstack(QUICK, cloud.environment);
    await provider.ensureShared?.(wishOf("open", [ssh(2849)]), contextOf());
    const before = opened();
    cloud.project.rules = cloud.project.rules.filter(
      ({ ethertype, port_range_min: port }) => ethertype !== "IPv6" || port !== 2849,
    );
    put({ protocol: null });
    put({ port_range_min: 1, port_range_max: 65_535, remote_ip_prefix: "198.51.100.0/24" });
    put({ port_range_min: 3306, port_range_max: 3306, remote_group_id: "theirs" });
    put({ protocol: "17", port_range_min: 53, port_range_max: 53, remote_ip_prefix: "0.0.0.0/0" });
    put({ protocol: "47" });
    put({ port_range_min: 2849, port_range_max: 2849, remote_address_group_id: "office" });
    put({ direction: "egress", protocol: "icmp" });
    const foreign = [
      "47 from 0.0.0.0/0",
      "anything from 0.0.0.0/0",
      "tcp 1-65535 from 198.51.100.0/24",
      "tcp 2849 from the address group office",
      "tcp 3306 from the security group theirs",
      "udp 53 from 0.0.0.0/0",
    ];
    const told = async (mode: "plan" | "open" | "close") => {
      const report = await provider.ensureShared?.(wishOf(mode, [ssh(2849)]), contextOf());
      return { ...report, surplus: report?.surplus.toSorted(), closed: report?.closed.toSorted() };
    };
    const opens = { made: [], opened: ["tcp 2849 from ::/0"] };
    expect(await told("plan")).toEqual({ ...opens, closed: [], surplus: foreign });
    expect(await told("open")).toEqual({ ...opens, closed: [], surplus: foreign });
    expect(opened()).toEqual(expect.arrayContaining([...before]));
    const done = { made: [], opened: [], closed: foreign, surplus: [] };
    expect(await told("close")).toEqual(done);
    expect(opened()).toEqual(before);
    // What goes out is nobody's affair but the user's.
    const egress = cloud.project.rules.filter((rule) => rule["direction"] === "egress");
    expect(egress.length).toBe(3);
  });

  test("a way in that somebody has written by the protocol's number is the way in, and stays", async () => {
    const provider = openstack(QUICK, cloud.environment);
    await provider.ensureShared?.(wishOf("open", [ssh(22)]), contextOf());
    const isSsh = (rule: Readonly<Record<string, unknown>>): boolean => rule["protocol"] === "tcp";
    cloud.project.rules = cloud.project.rules.filter((rule) => !isSsh(rule));
    const ports = { port_range_min: 22, port_range_max: 22 };
    put({ protocol: "6", ...ports });
    put({ protocol: "6", ethertype: "IPv6", ...ports, remote_ip_prefix: "::/0" });
    const before = opened();
    for (const mode of ["open", "close"] as const) {
      const report = await provider.ensureShared?.(wishOf(mode, [ssh(22)]), contextOf());
      expect(report, mode).toEqual({ made: [], opened: [], closed: [], surplus: [] });
      expect(opened()).toEqual(before);
    }
  });

  test("a rule for a few addresses does not stand for the one for all", async () => {
    const provider = openstack(QUICK, cloud.environment);
    await provider.ensureShared?.(wishOf("open", []), contextOf());
    for (const ethertype of ["IPv4", "IPv6"])
      put({
        ethertype,
        port_range_min: 2849,
        port_range_max: 2849,
        remote_address_group_id: "office",
      });
    const report = await provider.ensureShared?.(wishOf("close", [ssh(2849)]), contextOf());
    expect(report?.opened).toEqual(["tcp 2849 from anywhere"]);
    expect(report?.closed).toEqual(["tcp 2849 from the address group office"]);
    expect(opened()).toEqual(
      [...ICMP, "IPv4 tcp 2849-2849 0.0.0.0/0", "IPv6 tcp 2849-2849 ::/0"].toSorted(),
    );
  });

  test("a rule that the cloud does not take is told, and no port is closed in silence", async () => {
    const provider = openstack(QUICK, cloud.environment);
    const told = failureOf(
      provider.ensureShared?.(wishOf("open", [ssh(2849), ssh(0)]), contextOf()) as Promise<unknown>,
    );
    expect(await told).toMatch(/^PROVIDER_REFUSED: .*open ports .*: Invalid value for port/);
  });

  test.each([
    ["the answer is lost", { kind: "answer-lost" }],
    ["one of them was opened by another controller", { kind: "status", status: 409 }],
  ] as const)("rules are opened one by one where %s", async (_what, act) => {
    const provider = openstack(QUICK, cloud.environment);
    cloud.faults.add({ match: /POST .*security-group-rules/, act });
    await provider.ensureShared?.(wishOf("open", [ssh(22)]), contextOf());
    expect(opened()).toEqual([...ICMP, ...SSH].toSorted());
  });

  test("two controllers that begin at the same moment have one server group", async () => {
    await start({ latencyMs: 20 });
    const options = { ...QUICK, ownSecurityGroup: false, serverGroup: "anti-affinity" } as const;
    const made = ["web", "db"].map(async (name) => {
      await openstack(options, cloud.environment).ensure(requestOf(name), contextOf());
    });
    await Promise.all(made);
    expect(cloud.project.serverGroups.length).toBe(1);
  });

  test("two controllers that begin at the same moment have one group", async () => {
    await start({ latencyMs: 20 });
    const wish = wishOf("open", [stack], [ssh(22)]);
    const controllers = ["web", "db"].map(async (name) => {
      const provider = openstack(QUICK, cloud.environment);
      await provider.ensureShared?.(wish, contextOf());
      await provider.ensure(requestOf(name), contextOf());
    });
    await Promise.all(controllers);
    const groups = cloud.project.groups.filter(({ name }) => name === "bootmachine.shop");
    expect(groups.length).toBe(1);
    expect(cloud.project.servers.map((server) => server.groups)).toEqual(
      Array.from({ length: 2 }, () => groups.map(({ id }) => id)),
    );
  });

  test("two groups that an earlier race has left are both brought in line, and know each other's machines", async () => {
    for (const id of ["b", "a"]) {
      const description = "Made by bootmachine for the stack shop.";
      cloud.project.groups.push({ id, name: "bootmachine.shop", description });
    }
    const provider = openstack(QUICK, cloud.environment);
    await provider.ensureShared?.(wishOf("close", [stack]), contextOf());
    for (const id of ["a", "b"]) {
      const from = cloud.project.rules
        .filter((rule) => rule.security_group_id === id && rule["protocol"] === "udp")
        .map((rule) => String(rule["remote_group_id"]))
        .toSorted();
      expect(from, id).toEqual(["a", "a", "b", "b"]);
    }
    await provider.ensure(requestOf("web"), contextOf());
    expect(cloud.project.servers[0]?.groups).toEqual(["a"]);
    await provider.destroy("web", contextOf());
    await provider.destroyShared?.(contextOf());
    expect(cloud.project.groups.map(({ name }) => name)).toEqual(["default"]);
  });

  test("a server that is made changes no rule of a group that is there", async () => {
    const provider = openstack(QUICK, cloud.environment);
    await provider.ensureShared?.(wishOf("open", [ssh(2849)]), contextOf());
    const before = opened();
    await openstack(QUICK, cloud.environment).ensure(requestOf("web"), contextOf());
    expect(opened()).toEqual(before);
  });

  test("somebody else's of this name is refused", async () => {
    cloud.project.groups.push({ id: "theirs", name: "bootmachine.shop", description: "mine" });
    const provider = openstack(QUICK, cloud.environment);
    expect(await failureOf(provider.ensure(requestOf("web"), contextOf()))).toMatch(/^NOT_OURS/);
    expect(cloud.project.servers).toEqual([]);
    await provider.destroyShared?.(contextOf());
    expect(cloud.project.groups.map(({ id }) => id)).toContain("theirs");
  });
});
