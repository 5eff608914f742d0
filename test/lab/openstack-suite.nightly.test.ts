import { randomBytes } from "node:crypto";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { openstack } from "../../src/providers/openstack/openstack.ts";
import type { OpenStackOptions } from "../../src/providers/openstack/options.ts";
import type { ProviderContext } from "../../src/providers/contract.ts";
import { testProvider } from "../../src/testing/provider-suite.ts";
import { type Json, logIn } from "./openstack/admin-api.ts";
import { makeCredential, USER } from "./openstack/content.ts";
import { ControlPlane } from "./openstack/control-plane.ts";
import { tested } from "./tested.ts";

const CREATE = /^POST \/compute\/v2\.1\/servers$/;

let plane: ControlPlane;
beforeAll(async () => {
  plane = await ControlPlane.start();
}, 600_000);
afterAll(async () => await plane.stop());

const OPTIONS: OpenStackOptions = {
  image: "debian-12",
  size: "m1.small",
  networks: ["private"],
  pollMs: 250,
  settleMs: 3000,
  callTimeoutMs: 30_000,
  bootTimeoutMs: 120_000,
};

function newStack(): string {
  return `suite-${randomBytes(3).toString("hex")}`;
}

/** What the project still holds for a stack: servers, ports, floating addresses, and with `all` what its servers shared. */
async function leftovers(stack: string, all = false): Promise<readonly string[]> {
  const { admin } = plane;
  const servers = await admin.list<{ id: string; name: string; metadata: Json }>(
    "compute",
    "/v2.1/servers/detail?all_tenants=1",
    "servers",
  );
  const ids = new Set(servers.map(({ id }) => id));
  const ports = await admin.list<{ id: string; device_id: string; device_owner: string }>(
    "network",
    "/v2.0/ports",
    "ports",
  );
  const addresses = await admin.list<{ floating_ip_address: string; description: string }>(
    "network",
    "/v2.0/floatingips",
    "floatingips",
  );
  const groups = await admin.list<{ name: string }>(
    "network",
    "/v2.0/security-groups",
    "security_groups",
  );
  return [
    ...servers.filter((one) => one.metadata["bootmachine-stack"] === stack).map(({ name }) => name),
    ...ports
      .filter((port) => port.device_owner.startsWith("compute:") && !ids.has(port.device_id))
      .map(({ id }) => `port ${id}`),
    ...addresses
      .filter(({ description }) => description.includes(` ${stack}.`))
      .map((entry) => entry.floating_ip_address),
    ...(all ? groups.filter(({ name }) => name.includes(stack)).map(({ name }) => name) : []),
  ];
}

/** Nova knows each image, flavor and network by its id only. */
async function idsOf(): Promise<{ image: string; flavor: string; network: string }> {
  const { admin } = plane;
  const find = async (
    service: "image" | "compute" | "network",
    path: string,
    key: string,
    wanted: string,
  ): Promise<string> =>
    (await admin.list<{ id: string; name: string }>(service, path, key)).find(
      ({ name }) => name === wanted,
    )?.id ?? "";
  return {
    image: await find("image", "/v2/images", "images", "debian-12"),
    flavor: await find("compute", "/v2.1/flavors", "flavors", "m1.tiny"),
    network: await find("network", "/v2.0/networks", "networks", "private"),
  };
}

async function putForeign(stack: string, server: string): Promise<() => Promise<void>> {
  const { token } = await logIn(plane.plan, USER, "demo");
  const { image, flavor, network } = await idsOf();
  const headers = { "x-auth-token": token };
  const body = {
    server: {
      name: `${stack}.${server}`,
      imageRef: image,
      flavorRef: flavor,
      networks: [{ uuid: network }],
    },
  };
  const made = await plane.admin.call("POST", "compute", "/v2.1/servers", body, headers);
  const { id } = made["server"] as { id: string };
  return async () => await removeServer(id);
}

async function removeServer(id: string): Promise<void> {
  const path = `/v2.1/servers/${id}`;
  await plane.admin.call("DELETE", "compute", path);
  const deadline = Date.now() + 60_000;
  while ((await plane.admin.ask("GET", "compute", path)).status !== 404) {
    if (Date.now() > deadline) throw new Error(`the server ${id} does not go`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function findServer(
  stack: string,
  server: string,
): Promise<{ readonly id: string; readonly name: string; readonly metadata: Json }> {
  const all = await plane.admin.list<{ id: string; name: string; metadata: Json }>(
    "compute",
    "/v2.1/servers/detail?all_tenants=1",
    "servers",
  );
  const found = all.find(({ name }) => name === `${stack}.${server}`);
  if (found === undefined) throw new Error(`there is no ${stack}.${server}`);
  return found;
}

/** As a create whose answer was lost: ours in all that we go by. */
async function putSecond(stack: string, server: string): Promise<void> {
  const { token } = await logIn(plane.plan, USER, "demo");
  const { image, flavor, network } = await idsOf();
  const { name, metadata } = await findServer(stack, server);
  // Nova's times are in whole seconds.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const body = {
    server: {
      name,
      metadata,
      imageRef: image,
      flavorRef: flavor,
      networks: [{ uuid: network }],
    },
  };
  await plane.admin.call("POST", "compute", "/v2.1/servers", body, { "x-auth-token": token });
}

/** No further server for the project; the returned function gives it its quota back. */
async function useUpQuota(): Promise<() => Promise<void>> {
  const { projectId } = await logIn(plane.plan, USER, "demo");
  const path = `/v2.1/os-quota-sets/${projectId}`;
  const { quota_set: before } = await plane.admin.call("GET", "compute", path);
  const allow = async (instances: unknown): Promise<void> =>
    void (await plane.admin.call("PUT", "compute", path, {
      quota_set: { instances, force: true },
    }));
  await allow(0);
  return async () => await allow((before as Json)["instances"]);
}

async function revokeToken(token: string): Promise<void> {
  const headers = { "x-subject-token": token };
  await plane.admin.call("DELETE", "identity", "/v3/auth/tokens", undefined, headers);
}

interface Rule {
  readonly id: string;
  readonly direction: string;
  readonly ethertype: string;
  readonly protocol: string | null;
  readonly port_range_max: number | null;
}

describe("contract", () => {
  tested({ what: "openstack: contract suite", how: "real", on: ["OpenStack Zed"] });
  testProvider({
    name: "openstack, real",
    runner: { describe, it },
    timeoutMs: 120_000,
    create: async () => {
      const { front } = plane;
      front.reset();
      const stack = newStack();
      const provider = openstack({ ...OPTIONS, floatingIps: true }, plane.environment());
      return {
        provider,
        stack,
        servers: ["web", "db"],
        leftovers,
        putForeign: async (server) => await putForeign(stack, server),
        loseMachine: async (server) => await removeServer((await findServer(stack, server)).id),
        faults: {
          answerLost: async (request, context) => {
            front.faults.add({ match: CREATE, act: { kind: "answer-lost" } });
            await provider.ensure(request, context);
          },
          createFailsHalfWay: async (request, context) => {
            const match = /^POST .*\/floatingips$/;
            front.faults.add({ match, act: { kind: "status", status: 409 } });
            await provider.ensure(request, context).catch(() => undefined);
          },
          rateLimit: async () => {
            const headers = { "retry-after": "2" };
            front.faults.add({ match: /\/servers/, act: { kind: "status", status: 429, headers } });
            return () => front.earlyCalls;
          },
          // 202, and then ERROR with "No valid host was found".
          errorState: async (request) => ({ ...request, size: "m1.huge" }),
          addressLate: async () => {
            front.addressesFrom = Date.now() + 8000;
          },
          secondMachine: async (server) => await putSecond(stack, server),
          acceptedAndLost: async () => {
            front.faults.add({ match: CREATE, act: { kind: "accepted-and-lost" } });
          },
          rateLimitWithoutTime: async () => {
            const act = { kind: "status", status: 429 } as const;
            front.faults.add({ match: /\/servers/, times: 3, act });
          },
          serverErrors: async () => {
            const act = { kind: "status", status: 503 } as const;
            front.faults.add({ match: /^GET .*\/servers/, times: 3, act });
          },
          quota: async () => await useUpQuota(),
          // The token that the provider holds is revoked at Keystone itself.
          credentialEnds: async () => await revokeToken(front.lastToken ?? ""),
          wrongCredential: () =>
            openstack(OPTIONS, { ...plane.environment(), OS_PASSWORD: "guess" }),
        },
        close: async () => {
          expect(await leftovers(stack, true)).toEqual([]);
        },
      };
    },
  });
});

describe("what this provider adds", () => {
  tested({ what: "openstack: credentials, wishes, quotas", how: "real", on: ["OpenStack Zed"] });
  const KEY =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE4ZZK9uSNyS1SrVlSbNTkpu6eEUYAU93CDHXZTgGxfG ada";

  const toCleanUp = new Set<() => Promise<void>>();
  afterEach(async () => {
    for (const cleanUp of toCleanUp) await cleanUp();
    toCleanUp.clear();
  }, 120_000);

  function world(options: OpenStackOptions = {}, environment = plane.environment()) {
    plane.front.reset();
    const provider = openstack({ ...OPTIONS, ...options }, environment);
    const stack = newStack();
    const context: ProviderContext = {
      stack,
      signal: AbortSignal.timeout(240_000),
      progress: () => undefined,
    };
    const cleanUp = async () => {
      for (const { server } of await provider.observe(context))
        await provider.destroy(server, context);
      await provider.destroyShared?.(context);
      expect(await leftovers(stack, true)).toEqual([]);
    };
    const ensure = async (server: string, more: { size?: string; image?: string } = {}) => {
      toCleanUp.add(cleanUp);
      return await provider.ensure(
        { server, roles: [], bootstrapKeys: [KEY], token: `token-${server}`, ...more },
        context,
      );
    };
    return { provider, stack, context, ensure, cleanUp };
  }

  async function failureOf(promise: Promise<unknown>): Promise<string> {
    return await promise.then(
      () => "no error",
      (error: Error & { code?: string; hint?: string }) =>
        `${error.code}: ${error.message} ${error.hint}`,
    );
  }

  it("an application credential", async () => {
    const { id, secret } = await makeCredential(plane.plan, "demo");
    const { OS_AUTH_URL, OS_REGION_NAME, HOME } = plane.environment();
    const { provider, context } = world(
      {},
      {
        OS_AUTH_TYPE: "v3applicationcredential",
        OS_AUTH_URL: OS_AUTH_URL ?? "",
        OS_REGION_NAME: OS_REGION_NAME ?? "",
        HOME: HOME ?? "",
        OS_APPLICATION_CREDENTIAL_ID: id,
        OS_APPLICATION_CREDENTIAL_SECRET: secret,
      },
    );
    expect((await provider.images(context)).map(({ name }) => name)).toContain("debian-12");
    expect(await provider.observe(context)).toEqual([]);
  });

  it("wrong credentials, and a project that is not there, are told without them", async () => {
    const wrong = { ...plane.environment(), OS_PASSWORD: "hunter2-wrong" };
    const { provider, context } = world({}, wrong);
    const said = await failureOf(provider.observe(context));
    expect(said).toMatch(/^PROVIDER_AUTH: Keystone refused the credentials/);
    expect(said).not.toContain("hunter2");
    const nowhere = world({}, { ...plane.environment(), OS_PROJECT_NAME: "nowhere" });
    expect(await failureOf(nowhere.provider.observe(nowhere.context))).toMatch(/^PROVIDER_AUTH/);
  });

  it("a wrong region is told with those that there are", async () => {
    const { provider, context } = world({ region: "RegionOnf" });
    expect(await failureOf(provider.observe(context))).toMatch(
      /^CONFIG_INVALID: .*RegionOnf.*RegionOne/,
    );
  });

  it("image, flavor and network that are not there: near names, and nothing is made", async () => {
    const { ensure, stack } = world();
    expect(await failureOf(ensure("a", { image: "debian-21" }))).toMatch(
      /^IMAGE_UNKNOWN: .*debian-21.*"debian-12"/,
    );
    expect(await failureOf(ensure("a", { size: "m1.smal" }))).toMatch(
      /^SIZE_UNKNOWN: .*m1\.smal.*"m1\.small"/,
    );
    const elsewhere = world({ networks: ["privat"] });
    expect(await failureOf(elsewhere.ensure("a"))).toMatch(
      /^PROVIDER_NOT_FOUND: .*privat.*private/,
    );
    expect(plane.front.count(/^(POST|PUT|DELETE) \/(compute|network)/)).toBe(0);
    expect(await leftovers(stack, true)).toEqual([]);
  });

  it("a quota is told with what to do, and leaves the first server alone", async () => {
    const tight = world({ networks: ["only"] }, plane.environment("tight"));
    const first = await tight.ensure("a");
    expect(await failureOf(tight.ensure("b"))).toMatch(/^PROVIDER_QUOTA: .*larger quota/);
    expect((await tight.provider.observe(tight.context)).map(({ id }) => id)).toEqual([first.id]);
  });

  it("no host with room: replaced as often as it was asked for, kept at last, with what to do", async () => {
    const { ensure, provider, context } = world({ onError: "replace" });
    expect(await failureOf(ensure("a", { size: "m1.huge" }))).toMatch(
      /^MACHINE_FAILED: .*No valid host.*replaced 2 times.*smaller size/,
    );
    expect(plane.front.count(CREATE)).toBe(3);
    expect((await provider.observe(context)).map(({ status }) => status)).toEqual(["failed"]);
  });

  it("a server that ran and is in the state ERROR is kept, whatever onError says; a hard reboot brings it back", async () => {
    const { ensure, provider, context } = world({ onError: "replace" });
    const machine = await ensure("a");
    await plane.admin.call("POST", "compute", `/v2.1/servers/${machine.id}/action`, {
      "os-resetState": { state: "error" },
    });
    const [broken] = await provider.observe(context);
    expect(broken).toMatchObject({ id: machine.id, status: "failed" });
    expect(await failureOf(ensure("a"))).toMatch(
      /^MACHINE_FAILED: .*in the state ERROR.*has run before.*reboot --hard a/,
    );
    expect(plane.front.count(/^DELETE .*\/servers\//)).toBe(0);
    await provider.reboot(broken ?? machine, "hard", context);
    // Nova says ERROR until the reboot is done.
    await expect
      .poll(async () => (await provider.observe(context))[0]?.status, { timeout: 60_000 })
      .toBe("running");
    expect((await ensure("a")).id).toBe(machine.id);
    expect(plane.front.count(CREATE)).toBe(1);
  });

  it("a token that Keystone has revoked in the middle: one new login, and the work goes on", async () => {
    const { ensure, provider, context } = world();
    expect(await provider.observe(context)).toEqual([]);
    await revokeToken(plane.front.lastToken ?? "");
    // Nova remembers for a while that it was good; Neutron and Glance ask.
    await ensure("a");
    expect(plane.front.calls.some(({ status }) => status === 401)).toBe(true);
    expect(plane.front.count(/^POST \/identity\/v3\/auth\/tokens/)).toBe(2);
  });

  it("a stopped server is started, and a reboot of one that is off starts it", async () => {
    const { ensure, provider, context } = world();
    const machine = await ensure("a");
    const stop = async (): Promise<void> => {
      await plane.admin.call("POST", "compute", `/v2.1/servers/${machine.id}/action`, {
        "os-stop": null,
      });
      await expect
        .poll(async () => (await provider.observe(context))[0]?.status, { timeout: 60_000 })
        .toBe("stopped");
    };
    await stop();
    expect((await ensure("a")).id).toBe(machine.id);
    await stop();
    await provider.reboot(machine, "soft", context);
    await expect
      .poll(async () => (await provider.observe(context))[0]?.status, { timeout: 60_000 })
      .toBe("running");
  });

  it("a network of IPv6 alone: its address is the way in, and no floating one can lead there", async () => {
    const { ensure } = world({ networks: ["six"], accessNetwork: "six" });
    const machine = await ensure("a");
    expect(machine.publicAddresses).toEqual([expect.stringMatching(/^2001:db8:91:/)]);
    expect(machine.privateAddresses).toEqual(machine.publicAddresses);
    const floating = world({ networks: ["six"], floatingIps: true });
    expect(await failureOf(floating.ensure("a"))).toMatch(
      /^PROVIDER_NOT_FOUND: a has no IPv4 address .*leave out floatingIps/,
    );
  });

  it("a config drive, a zone and groups of yours are taken as they are sent, and yours outlive the stack", async () => {
    const { ensure, stack, cleanUp } = world({
      configDrive: true,
      availabilityZone: "nova",
      ownSecurityGroup: false,
      securityGroups: ["default"],
    });
    const { id } = await ensure("a");
    const { server } = (await plane.admin.call("GET", "compute", `/v2.1/servers/${id}`)) as {
      readonly server: Json;
    };
    expect(server).toMatchObject({
      config_drive: "True",
      "OS-EXT-AZ:availability_zone": "nova",
      security_groups: [{ name: "default" }],
    });
    expect(await leftovers(stack, true)).toEqual([`${stack}.a`]);
    await cleanUp();
    const { ensure: again } = world({ ownSecurityGroup: false, securityGroups: ["default"] });
    await again("b");
  });

  it("a group, a zone or a key pair that is not there: near names, and nothing is made", async () => {
    const wrong: readonly (readonly [OpenStackOptions, RegExp])[] = [
      [{ securityGroups: ["defualt"] }, /no security group defualt\. Did you mean "default"/],
      [{ availabilityZone: "nvoa" }, /no availability zone nvoa\. Did you mean "nova"/],
      [{ keyPair: "nobodys" }, /no key pair nobodys\. /],
      [{ accessNetwork: "single" }, /not on the network single.*private/],
    ];
    for (const [options, said] of wrong) {
      const { ensure, stack } = world(options);
      expect(await failureOf(ensure("a"))).toMatch(said);
      expect(plane.front.count(/^(POST|PUT|DELETE) \/(compute|network)/)).toBe(0);
      expect(await leftovers(stack, true)).toEqual([]);
    }
  });

  it("what somebody adds to our group is removed, what they take away is put back, and a way in by number is one", async () => {
    const { provider, context, stack, cleanUp } = world();
    toCleanUp.add(cleanUp);
    const { token } = await logIn(plane.plan, USER, "demo");
    const ask = async (method: "POST" | "DELETE", path: string, body?: Json): Promise<Json> =>
      await plane.admin.call(method, "network", path, body, { "x-auth-token": token });
    const inlets = [{ protocol: "tcp", fromPort: 2849, toPort: 2849, from: "anywhere" }] as const;
    const share = async (mode: "open" | "close") =>
      await provider.ensureShared?.({ inlets, meanwhile: [], mode }, context);
    const look = async () => {
      const groups = await plane.admin.list<{
        readonly id: string;
        readonly name: string;
        readonly security_group_rules: readonly Rule[];
      }>("network", "/v2.0/security-groups", "security_groups");
      const group = groups.find(({ name }) => name === `bootmachine.${stack}`);
      const rules = (group?.security_group_rules ?? []).filter(
        ({ direction, port_range_max: port, protocol }) =>
          direction === "ingress" && (port !== null || protocol === null),
      );
      return { id: group?.id ?? "", rules };
    };
    const texts = async () =>
      (await look()).rules
        .map((rule) => `${rule.ethertype} ${rule.protocol} ${rule.port_range_max}`)
        .toSorted();
    await share("open");
    const { id: group, rules } = await look();
    for (const { id } of rules) await ask("DELETE", `/v2.0/security-group-rules/${id}`);
    const put = async (rule: Json): Promise<string> => {
      const made = await ask("POST", "/v2.0/security-group-rules", {
        security_group_rule: { security_group_id: group, direction: "ingress", ...rule },
      });
      return (made["security_group_rule"] as { readonly id: string }).id;
    };
    const ports = { port_range_min: 2849, port_range_max: 2849 };
    await put({ ethertype: "IPv4", protocol: "6", ...ports });
    const byNumber = await put({ ethertype: "IPv6", protocol: "6", ...ports });
    await put({ ethertype: "IPv4" });
    const addresses = await ask("POST", "/v2.0/address-groups", {
      address_group: { name: "office", addresses: ["198.51.100.0/24"] },
    });
    const { id: office } = addresses["address_group"] as { readonly id: string };
    await put({ ethertype: "IPv4", protocol: "tcp", ...ports, remote_address_group_id: office });
    const foreign = ["anything from 0.0.0.0/0", `tcp 2849 from the address group ${office}`];
    const opened = await share("open");
    expect(opened).toMatchObject({ made: [], opened: [], closed: [] });
    expect(opened?.surplus.toSorted()).toEqual(foreign);
    const closed = await share("close");
    expect(closed?.closed.toSorted()).toEqual(foreign);
    expect(await texts()).toEqual(["IPv4 6 2849", "IPv6 6 2849"]);
    await ask("DELETE", `/v2.0/address-groups/${office}`);
    await ask("DELETE", `/v2.0/security-group-rules/${byNumber}`);
    expect((await share("close"))?.opened).toEqual(["tcp 2849 from ::/0"]);
    expect(await texts()).toEqual(["IPv4 6 2849", "IPv6 tcp 2849"]);
  });

  it("key pair, server group, security group and its rules: made once, brought in line, and gone with the stack", async () => {
    const { ensure, cleanUp, provider, context, stack } = world({
      keyPair: true,
      serverGroup: "soft-anti-affinity",
    });
    await Promise.all([ensure("a"), ensure("b")]);
    const inlets = [
      { protocol: "tcp", fromPort: 22, toPort: 22, from: "anywhere" },
      { protocol: "tcp", fromPort: 2849, toPort: 2849, from: ["198.51.100.7", "2001:db8::/64"] },
      { protocol: "tcp", fromPort: 5432, toPort: 5433, from: "stack" },
    ] as const;
    const rules = async (): Promise<readonly string[]> => {
      const groups = await plane.admin.list<{ name: string; security_group_rules: Rule[] }>(
        "network",
        "/v2.0/security-groups",
        "security_groups",
      );
      return groups
        .filter(({ name }) => name === `bootmachine.${stack}`)
        .flatMap((group) => group.security_group_rules)
        .filter((rule) => rule.direction === "ingress")
        .map((rule) => `${rule.ethertype} ${rule.protocol} ${rule.port_range_max}`)
        .toSorted();
    };
    const icmp = ["IPv4 icmp null", "IPv6 ipv6-icmp null"];
    const ssh = ["IPv4 tcp 22", "IPv6 tcp 22"];
    expect(await rules()).toEqual([...icmp, ...ssh].toSorted());
    await provider.ensureShared?.({ inlets, meanwhile: [], mode: "open" }, context);
    const all = ["IPv4 tcp 2849", "IPv6 tcp 2849", "IPv4 tcp 5433", "IPv6 tcp 5433"];
    expect(await rules()).toEqual([...icmp, ...ssh, ...all].toSorted());
    plane.front.calls.length = 0;
    await provider.ensureShared?.({ inlets, meanwhile: [], mode: "close" }, context);
    expect(plane.front.count(/^(POST|DELETE) \/network/)).toBe(0);
    const fewer = { inlets: inlets.slice(1, 2), meanwhile: [] };
    await provider.ensureShared?.({ ...fewer, mode: "open" }, context);
    expect(await rules()).toEqual([...icmp, ...ssh, ...all].toSorted());
    await provider.ensureShared?.({ ...fewer, mode: "close" }, context);
    expect(await rules()).toEqual([...icmp, "IPv4 tcp 2849", "IPv6 tcp 2849"].toSorted());
    plane.front.calls.length = 0;
    await cleanUp();
    const deleted = plane.front.calls.filter(({ method }) => method === "DELETE");
    expect(deleted.map(({ path }) => path.replace(/\/[^/]+$/, "")).toSorted()).toEqual([
      "/compute/v2.1/os-keypairs",
      "/compute/v2.1/os-server-groups",
      "/compute/v2.1/servers",
      "/compute/v2.1/servers",
      "/network/v2.0/security-groups",
    ]);
  });
});
