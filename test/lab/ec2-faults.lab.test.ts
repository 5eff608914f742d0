import {
  AuthorizeSecurityGroupIngressCommand,
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  ImportKeyPairCommand,
  ModifyInstanceAttributeCommand,
  StopInstancesCommand,
  type Tag,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import type { Inlet, ProviderCall } from "../../src/providers/contract.ts";
import { ec2 } from "../../src/providers/ec2/ec2.ts";
import type { Ec2Options } from "../../src/providers/ec2/options.ts";
import {
  ACCESS_KEY,
  contextOf,
  Ec2World,
  FAILING_TYPE,
  failureOf,
  QUICK,
  requestOf,
  SECRET_KEY,
  wishOf,
} from "./moto/ec2-world.ts";
import { testProfiles } from "./moto/ec2-credentials.ts";
import { testOptions } from "./moto/ec2-options.ts";
import { testParameters } from "./moto/ec2-parameters.ts";
import type { Act, ProxiedCall } from "./moto/fault-proxy.ts";

let world: Ec2World;
beforeAll(async () => {
  world = await Ec2World.start();
});
afterAll(async () => await world.stop());
beforeEach(async () => await world.reset());

const of =
  (action: string) =>
  (call: ProxiedCall): boolean =>
    call.action === action;
const tagsOf = (tags: readonly Tag[] | undefined) =>
  Object.fromEntries((tags ?? []).map(({ Key = "", Value }) => [Key, Value]));

describe("calls", () => {
  test("ten servers share their looks: few calls for each", async () => {
    const provider = world.provider();
    const { proxy } = world;
    const names = Array.from({ length: 10 }, (_, index) => `web${index}`);
    await Promise.all([provider.images(contextOf()), provider.sizes(contextOf())]);
    const first = { protocol: "tcp", fromPort: 22, toPort: 22, from: "anywhere" } as const;
    await provider.ensureShared?.(wishOf("open", [], [first]), contextOf());
    await Promise.all(
      names.map(async (name) => {
        const machine = await provider.ensure(requestOf(name), contextOf());
        const { keys } = await provider.identity(machine, contextOf());
        await provider.keepIdentity?.(machine, { proof: "injected", keys }, contextOf());
        await provider.keepIdentity?.(machine, { proof: "published", keys }, contextOf());
      }),
    );
    await provider.ensureShared?.(wishOf("close", []), contextOf());
    expect(proxy.count("RunInstances")).toBe(10);
    for (const once of ["DescribeSubnets", "DescribeVpcs", "CreateSecurityGroup"])
      expect(proxy.count(once), once).toBe(1);
    expect(proxy.count("DescribeImages")).toBe(2);
    // What `plan` says; EC2 itself has about ten pages of types, and here there are two.
    const calls = proxy.calls.length - proxy.count("DescribeInstanceTypes") + 10;
    const expected = provider.expectedCalls?.({ creates: 10, present: 0 }).calls ?? 0;
    expect(calls).toBeLessThanOrEqual(expected);
    expect(calls).toBeGreaterThan(expected / 2);
  });

  test.each([true, "laptop"])("those for the key pair %s are expected", async (keyPair) => {
    await world.client.send(
      new ImportKeyPairCommand({
        KeyName: "laptop",
        PublicKeyMaterial: Buffer.from(requestOf("web").bootstrapKeys[0] ?? ""),
      }),
    );
    const provider = world.provider({ keyPair });
    await provider.ensure(requestOf("web"), contextOf());
    const calls = world.proxy.calls.filter(({ action }) => /KeyPairs?$/.test(action)).length;
    const [expected = 0, without = 0] = [provider, world.provider()].map(
      (one) => one.expectedCalls?.({ creates: 1, present: 0 }).calls,
    );
    expect(calls).toBe(expected - without);
  });

  test("a burst of 500 is outlived", async () => {
    const { proxy } = world;
    proxy.add({
      match: ({ action }) => action.startsWith("Describe"),
      times: 4,
      act: { kind: "refuse", status: 503, code: "Unavailable" },
    });
    await world.provider().ensure(requestOf("web"), contextOf());
    expect((await world.instances()).length).toBe(1);
  });

  test("an endless 500 ends with the reason", async () => {
    const { proxy } = world;
    proxy.add({
      match: of("DescribeInstances"),
      times: 99,
      act: { kind: "refuse", status: 500, code: "InternalError" },
    });
    expect(await failureOf(world.provider().observe(contextOf()))).toMatch(
      /^PROVIDER_UNAVAILABLE: EC2 failed to list the servers: status 500.*InternalError/,
    );
    expect(proxy.count("DescribeInstances")).toBe(6);
  });

  test("a rate limit without a time is waited for, longer from one to the next, by all calls of the account", async () => {
    const { proxy } = world;
    const [one, other] = [world.provider(), world.provider()];
    await Promise.all([one.observe(contextOf()), other.observe(contextOf())]);
    proxy.calls.length = 0;
    proxy.add({
      match: of("DescribeInstances"),
      times: 4,
      act: { kind: "refuse", status: 503, code: "RequestLimitExceeded" },
    });
    await one.observe(contextOf());
    const at = proxy.calls.map((call) => call.at);
    const pauses = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    expect(pauses.length).toBe(4);
    expect(pauses[3] ?? 0).toBeGreaterThan((pauses[0] ?? 0) * 2);
    // The other provider has the same account: it stays away as long.
    proxy.add({
      match: of("DescribeInstances"),
      act: { kind: "refuse", status: 429, code: "TooManyRequests", retryAfter: 1 },
    });
    // Not sooner than it has read that it is to stay away: nobody can know of an answer that is on its way.
    const isTold = Promise.withResolvers<void>();
    const progress = (text: string): void => {
      if (text.includes("the cloud's rate limit")) isTold.resolve();
    };
    const first = one.observe({ ...contextOf(), progress });
    await Promise.race([isTold.promise, first]);
    await Promise.all([first, other.observe(contextOf())]);
    expect(proxy.earlyCalls).toBe(0);
  });

  test("a rate limit that asks for an hour is told, not waited for", async () => {
    world.proxy.add({
      match: of("DescribeInstances"),
      act: { kind: "refuse", status: 429, code: "TooManyRequests", retryAfter: 3600 },
    });
    // An account of its own, since the limit stays with it.
    const provider = ec2({ ...QUICK, region: "eu-west-1" }, world.environment);
    expect(await failureOf(provider.observe(contextOf()))).toMatch(
      /^PROVIDER_RATE_LIMIT: .*3600 s/,
    );
  });

  test("every call is traced, and no trace holds a secret", async () => {
    const traced: ProviderCall[] = [];
    const provider = world.provider({ keyPair: true });
    await provider.ensure(requestOf("web"), contextOf({ trace: (call) => traced.push(call) }));
    expect(traced.length).toBe(world.proxy.calls.length);
    expect(traced.find(({ what }) => what === "create the server shop.web")).toMatchObject({
      method: "POST",
      url: `${world.proxy.url}/?Action=RunInstances`,
      status: 200,
    });
    expect(JSON.stringify(traced)).not.toMatch(new RegExp(`${SECRET_KEY}|PRIVATE KEY`, "i"));
  });
});

describe("credentials and regions", () => {
  test("wrong ones are told, without them", async () => {
    const provider = ec2(QUICK, { ...world.environment, AWS_ACCESS_KEY_ID: "AKIAWRONG" });
    const told = await failureOf(provider.observe(contextOf()));
    expect(told).toMatch(/^PROVIDER_AUTH: EC2 refused the credentials of the AWS_\* variables/);
    expect(told).not.toContain(SECRET_KEY);
    expect(world.proxy.count("DescribeInstances")).toBe(2);
  });

  test("a session that ends in the middle is told with what to do, and the next run goes on", async () => {
    const env = { ...world.environment, AWS_SESSION_TOKEN: "session-1" };
    world.proxy.before({
      match: of("RunInstances"),
      work: async () => world.proxy.refuseSession("session-1"),
    });
    expect(await failureOf(ec2(QUICK, env).ensure(requestOf("web"), contextOf()))).toMatch(
      /^PROVIDER_AUTH: .*aws sso login/,
    );
    await ec2(QUICK, { ...env, AWS_SESSION_TOKEN: "session-2" }).ensure(
      requestOf("web"),
      contextOf(),
    );
    expect((await world.instances()).length).toBe(1);
  });

  test("nothing of the environment leaks into the SDK: no region is told", async () => {
    const { region: _region, ...rest } = QUICK;
    const env = { AWS_ACCESS_KEY_ID: ACCESS_KEY, AWS_SECRET_ACCESS_KEY: SECRET_KEY };
    expect(
      await failureOf(ec2({ ...rest, endpoint: world.proxy.url }, env).observe(contextOf())),
    ).toMatch(/^CONFIG_INVALID: No region is named for EC2/);
  });

  test("a service that is not there", async () => {
    const provider = ec2({ ...QUICK, endpoint: "http://127.0.0.1:9" }, world.environment);
    expect(await failureOf(provider.observe(contextOf()))).toMatch(
      /^PROVIDER_UNAVAILABLE: EC2 \(http:\/\/127\.0\.0\.1:9\) cannot be reached to list the servers/,
    );
  });
});

describe("credentials of profiles", () => {
  testProfiles(() => world);
});

describe("images by parameter", () => {
  testParameters(() => world);
});

describe("options", () => {
  testOptions(() => world);
});

describe("wishes", () => {
  /** Why nothing is made: said beforehand as well, and by a plan. */
  const told = async (options: Ec2Options, request: object = {}): Promise<string> => {
    const wish = requestOf("web", request);
    const provider = world.provider(options);
    const beforehand = await failureOf(
      Promise.resolve(provider.refuseUnknown?.(wish, contextOf())),
    );
    expect(await failureOf(provider.ensure(wish, contextOf()))).toBe(beforehand);
    return beforehand;
  };

  test("what is not there is told with near names, and nothing is made", async () => {
    expect(await told({}, { image: "golden-wep-1" })).toMatch(
      /^IMAGE_UNKNOWN: .*Did you mean "golden-web-1"/,
    );
    expect(await told({}, { image: "ami-0123456789abcdef0" })).toMatch(/^IMAGE_UNKNOWN/);
    expect(await told({}, { image: { distro: "debian-21" } })).toMatch(/^IMAGE_UNKNOWN/);
    expect(await told({ image: { name: "golden-*", owner: "aws-marketplace" } })).toMatch(
      /^IMAGE_UNKNOWN/,
    );
    expect(await told({ image: { ssm: "/aws/service/nothing" } })).toMatch(
      /^IMAGE_UNKNOWN: This region has no parameter/,
    );
    expect(await told({}, { size: "t3.smal" })).toMatch(/^SIZE_UNKNOWN: .*Did you mean "t3.small"/);
    expect(await told({ zones: ["eu-central-1z"] })).toMatch(
      /^PROVIDER_NOT_FOUND: .*eu-central-1z/,
    );
    expect(await told({ zones: ["eu-central-1a", "eu-central-1x"] })).toMatch(
      /^PROVIDER_NOT_FOUND: None of the subnets is in the zone eu-central-1x\./,
    );
    expect(await told({}, { image: "golden-web-1" })).toMatch(
      /^CONFIG_INVALID: Nothing tells who may log in first on the image .*golden-web-1/,
    );
    expect(await told({ size: "t4g.small" }, { image: "ami-0d120000000000002" })).toMatch(
      /^CONFIG_INVALID: The size t4g.small is arm64/,
    );
    expect(await told({ keyPair: "lapto" })).toMatch(
      /^PROVIDER_NOT_FOUND: EC2 has no key pair lapto in this region/,
    );
    expect(await world.instances()).toEqual([]);
    expect(await world.groups()).toEqual([]);
  });

  test("what is asked beforehand is not asked again by the creates", async () => {
    const provider = world.provider({ image: "ami-0d120000000000002" });
    const requests = ["web1", "web2"].map((name) => requestOf(name));
    for (const request of requests) await provider.refuseUnknown?.(request, contextOf());
    await Promise.all(requests.map((request) => provider.ensure(request, contextOf())));
    const asked = world.proxy.calls.map(({ action }) => action);
    for (const action of ["DescribeImages", "DescribeInstanceTypes", "DescribeSubnets"])
      expect(
        asked.filter((one) => one === action),
        action,
      ).toHaveLength(1);
  });

  test("the newest image of a distro is the distro's own; by pattern; by architecture; the root volume as wished", async () => {
    const made = async (name: string, options: Ec2Options, request: object = {}) => {
      await world.provider(options).ensure(requestOf(name, request), contextOf());
      return (await world.instances()).find(({ Tags }) => tagsOf(Tags)["Name"] === `shop.${name}`);
    };
    // An image of the same name and newer is somebody else's.
    expect((await made("a", {}))?.ImageId).toBe("ami-0d120000000000002");
    expect((await made("b", { size: "t4g.small" }))?.ImageId).toBe("ami-0d12000000000000a");
    const golden = await made("c", {
      image: { name: "golden-*", owner: "self" },
      user: "ada",
      rootVolume: { sizeGb: 30 },
    });
    expect(golden?.ImageId).toBe("ami-0c0ffee0000000001");
    const { Volumes: volumes = [] } = await world.client.send(
      new DescribeVolumesCommand({
        Filters: [{ Name: "attachment.instance-id", Values: [golden?.InstanceId ?? ""] }],
      }),
    );
    expect(volumes.map(({ Size, Encrypted, VolumeType }) => [Size, Encrypted, VolumeType])).toEqual(
      [[30, true, "gp3"]],
    );
    expect(tagsOf(volumes[0]?.Tags)["bootmachine-server"]).toBe("c");
  });

  test("user-data is private to the server, and IMDSv2 is asked for", async () => {
    const machine = await world.provider().ensure(requestOf("web"), contextOf());
    const [instance] = await world.instances();
    expect(instance?.MetadataOptions?.HttpTokens).toBe("required");
    expect(machine.login).toEqual({ user: "admin", port: 22 });
    const userData = await world.userDataOf(machine.id);
    expect(userData).toMatch(/^#cloud-config\n/);
    expect(userData).toContain("token-web");
  });
});

describe("creating", () => {
  test("an answer that was lost is looked for, and the create is not sent again", async () => {
    world.proxy.add({ match: of("RunInstances"), act: { kind: "answer-lost" } });
    await world.provider().ensure(requestOf("web"), contextOf());
    expect(world.proxy.count("RunInstances")).toBe(1);
    expect((await world.instances()).length).toBe(1);
  });

  test("a create that was never carried out is sent again, with the same token", async () => {
    const { proxy } = world;
    proxy.add({
      match: of("RunInstances"),
      act: { kind: "refuse", status: 500, code: "InternalError" },
    });
    await world.provider().ensure(requestOf("web"), contextOf());
    const tokens = proxy.calls
      .filter(of("RunInstances"))
      .map(({ parameters }) => parameters.get("ClientToken"));
    expect(tokens.length).toBe(2);
    expect(new Set(tokens).size).toBe(1);
    expect((await world.instances()).length).toBe(1);
  });

  test("a lost create that no list shows in time comes through twice, and the older one stays", async () => {
    const { proxy } = world;
    proxy.add({ match: of("RunInstances"), act: { kind: "answer-lost" } });
    proxy.lagMs = 700;
    const provider = world.provider({ settleMs: 100 });
    await provider.observe(contextOf());
    await provider.ensure(requestOf("web"), contextOf());
    proxy.lagMs = 0;
    await new Promise((next) => setTimeout(next, 800));
    await provider.ensure(requestOf("web"), contextOf());
    expect(proxy.count("RunInstances")).toBe(2);
    expect((await world.instances()).length).toBe(1);
    expect((await provider.observe(contextOf())).length).toBe(1);
  });

  test("a start makes no server the younger: the other of two goes, and it is as old as it was", async () => {
    const provider = world.provider();
    const { id, createdAt } = await provider.ensure(requestOf("web"), contextOf());
    await world.client.send(new StopInstancesCommand({ InstanceIds: [id] }));
    await world.putTwin("web");
    world.showLaunchOf(id, "2099-01-01T00:00:00.000Z");
    expect(await provider.ensure(requestOf("web"), contextOf())).toMatchObject({ id, createdAt });
    expect((await world.instances()).map(({ InstanceId }) => InstanceId)).toEqual([id]);
  });

  test("of two the one stays that was set up, though it is the younger", async () => {
    const provider = world.provider();
    await provider.ensure(requestOf("web"), contextOf());
    const id = await world.putTwin("web", [
      { Key: "bootmachine-host-proof", Value: "published 1" },
    ]);
    expect(await provider.ensure(requestOf("web"), contextOf())).toMatchObject({ id });
    expect((await world.instances()).map(({ InstanceId }) => InstanceId)).toEqual([id]);
  });

  test("no capacity: the next zone, then the next size; and what was tried is told", async () => {
    const { proxy } = world;
    const refuse = (times: number): void =>
      proxy.add({
        match: of("RunInstances"),
        times,
        act: { kind: "refuse", status: 500, code: "InsufficientInstanceCapacity" },
      });
    const options = { size: ["t3.small", "t3a.small"], zones: ["eu-central-1a", "eu-central-1b"] };
    refuse(3);
    const machine = await world.provider(options).ensure(requestOf("web"), contextOf());
    expect(machine.size).toBe("t3a.small");
    expect((await world.instances())[0]?.Placement?.AvailabilityZone).toBe("eu-central-1b");
    refuse(4);
    expect(await failureOf(world.provider(options).ensure(requestOf("db"), contextOf()))).toMatch(
      /^PROVIDER_CAPACITY: EC2 has no room for db: tried t3\.small in eu-central-1a; t3\.small in eu-central-1b; t3a\.small in eu-central-1a; t3a\.small in eu-central-1b\..*Name more sizes/,
    );
    expect(proxy.count("RunInstances")).toBe(8);
  });

  test("a place that had no room is tried last by the others", async () => {
    const { proxy } = world;
    const provider = world.provider({ zones: ["eu-central-1a", "eu-central-1b"] });
    proxy.add({
      match: of("RunInstances"),
      act: { kind: "refuse", status: 500, code: "InsufficientInstanceCapacity" },
    });
    await provider.ensure(requestOf("one"), contextOf());
    await provider.ensure(requestOf("two"), contextOf());
    expect(proxy.count("RunInstances")).toBe(3);
  });

  test("spot falls back to on demand, unless that is not wanted", async () => {
    const { proxy } = world;
    const isSpot = (call: ProxiedCall): boolean =>
      of("RunInstances")(call) &&
      call.parameters.get("InstanceMarketOptions.MarketType") === "spot";
    proxy.add({
      match: isSpot,
      times: 99,
      act: { kind: "refuse", status: 400, code: "SpotMaxPriceTooLow" },
    });
    const zones = ["eu-central-1a"];
    const lone = world.provider({ zones, spot: { fallback: false, maxPrice: "0.001" } });
    expect(await failureOf(lone.ensure(requestOf("web"), contextOf()))).toMatch(
      /^PROVIDER_CAPACITY: .*t3\.small \(spot\) in eu-central-1a/,
    );
    await world.provider({ zones, spot: true }).ensure(requestOf("web"), contextOf());
    const [instance] = await world.instances();
    expect(instance?.InstanceLifecycle).toBeUndefined();
  });

  test("a quota is told with what to do", async () => {
    world.proxy.add({
      match: of("RunInstances"),
      act: { kind: "refuse", status: 400, code: "VcpuLimitExceeded" },
    });
    expect(await failureOf(world.provider().ensure(requestOf("web"), contextOf()))).toMatch(
      /^PROVIDER_QUOTA: .*VcpuLimitExceeded.*larger quota.* Nothing of this server was made\.$/,
    );
  });

  test("a quota of addresses says nothing of a server that was not made: it runs", async () => {
    world.proxy.add({
      match: of("AllocateAddress"),
      act: { kind: "refuse", status: 400, code: "AddressLimitExceeded" },
    });
    const provider = world.provider({ elasticAddress: true });
    const told = await failureOf(provider.ensure(requestOf("web"), contextOf()));
    expect(told).toMatch(/^PROVIDER_QUOTA: .*AddressLimitExceeded.*found again by the next run/);
    expect(told).not.toMatch(/nothing/i);
    expect((await world.instances()).length).toBe(1);
  });

  test("a group that is not known everywhere yet is waited for", async () => {
    const { proxy } = world;
    proxy.add({
      match: of("AuthorizeSecurityGroupIngress"),
      act: { kind: "refuse", status: 400, code: "InvalidGroup.NotFound" },
    });
    proxy.add({
      match: of("RunInstances"),
      times: 2,
      act: { kind: "refuse", status: 400, code: "InvalidGroup.NotFound" },
    });
    await world.provider().ensure(requestOf("web"), contextOf());
    expect((await world.instances()).length).toBe(1);
  });

  test("a create is not forgotten when the run is cancelled in the middle of it", async () => {
    const { proxy } = world;
    const cancel = new AbortController();
    proxy.before({ match: of("RunInstances"), work: async () => cancel.abort() });
    const provider = world.provider();
    await provider.observe(contextOf());
    expect(
      await failureOf(provider.ensure(requestOf("web"), contextOf({ signal: cancel.signal }))),
    ).toMatch(/^CANCELLED/);
    // No list shows it yet.
    proxy.lagMs = 0;
    await provider.ensure(requestOf("web"), contextOf());
    expect(proxy.count("RunInstances")).toBe(1);
  });

  test("one that EC2 ends while it starts: told with its reason and made anew by the next run, or replaced, twice", async () => {
    world.endFailingType();
    const size = FAILING_TYPE;
    const keep = world.provider();
    expect(await failureOf(keep.ensure(requestOf("web", { size }), contextOf()))).toMatch(
      /^MACHINE_FAILED: EC2 could not start web: Server\.InternalError: Internal error on launch/,
    );
    expect(await keep.observe(contextOf())).toMatchObject([{ server: "web", status: "failed" }]);
    const runs = world.proxy.count("RunInstances");
    const replace = world.provider({ onError: "replace" });
    expect(await failureOf(replace.ensure(requestOf("web", { size }), contextOf()))).toMatch(
      /replaced 2 times/,
    );
    expect(world.proxy.count("RunInstances")).toBe(runs + 3);
    await keep.ensure(requestOf("web"), contextOf());
    expect(await keep.observe(contextOf())).toMatchObject([{ server: "web", status: "running" }]);
  });

  test("what is stopped is started; what somebody terminated meanwhile is told", async () => {
    const provider = world.provider();
    const { id } = await provider.ensure(requestOf("web"), contextOf());
    await world.client.send(new StopInstancesCommand({ InstanceIds: [id] }));
    expect(await provider.observe(contextOf())).toMatchObject([{ status: "stopped" }]);
    expect(await provider.ensure(requestOf("web"), contextOf())).toMatchObject({
      id,
      status: "running",
    });
  });

  test("what somebody terminates while it is awaited is told", async () => {
    const { proxy } = world;
    proxy.add({
      match: of("DescribeInstances"),
      times: 999,
      act: {
        kind: "change",
        change: (xml) => xml.replaceAll(/<(ipAddress|privateIpAddress)>[^<]*<\/\1>/g, ""),
      },
    });
    const told = failureOf(world.provider().ensure(requestOf("web"), contextOf()));
    while (proxy.count("RunInstances") === 0 || (await world.instances()).length === 0)
      await new Promise((next) => setTimeout(next, 20));
    const looks = proxy.count("DescribeInstances");
    while (proxy.count("DescribeInstances") < looks + 2)
      await new Promise((next) => setTimeout(next, 20));
    const ids = (await world.instances()).map(({ InstanceId = "" }) => InstanceId);
    await world.client.send(new TerminateInstancesCommand({ InstanceIds: ids }));
    expect(await told).toMatch(/^PROVIDER_NOT_FOUND: web vanished while it was awaited/);
  });
});

describe("the security group", () => {
  const inlet = (port: number): Inlet => ({
    protocol: "tcp",
    fromPort: port,
    toPort: port,
    from: "anywhere",
  });
  const ports = async (): Promise<readonly number[]> =>
    ((await world.groups())[0]?.IpPermissions ?? [])
      .filter(({ IpProtocol }) => IpProtocol === "tcp")
      .map(({ FromPort = 0 }) => FromPort)
      .toSorted((one, other) => one - other);

  test("opening closes nothing; closing opens first, leaves what is declared alone, and tells what it did", async () => {
    const provider = world.provider();
    const made = await provider.ensureShared?.(
      wishOf("open", [inlet(443)], [inlet(22)]),
      contextOf(),
    );
    expect(await ports()).toEqual([22, 443]);
    expect(made).toEqual({
      made: ["the security group bootmachine.shop"],
      opened: ["icmp from anywhere", "tcp 443 from anywhere", "tcp 22 from anywhere"],
      closed: [],
      surplus: ["tcp 22 from anywhere"],
    });
    const wanted = [
      inlet(2222),
      { ...inlet(5432), from: "stack" },
      { ...inlet(80), from: ["10.1.2.3/8", "2001:DB8::1"] },
    ] as const;
    const surplus = ["tcp 22 from anywhere", "tcp 443 from anywhere"];
    const opening = await provider.ensureShared?.(wishOf("open", wanted), contextOf());
    expect(await ports()).toEqual([22, 80, 443, 2222, 5432]);
    expect(opening).toMatchObject({
      made: [],
      opened: [
        "tcp 2222 from anywhere",
        "tcp 5432 from the stack's servers",
        "tcp 80 from 10.0.0.0/8, 2001:db8::1/128",
      ],
      closed: [],
    });
    expect(opening?.surplus.toSorted()).toEqual(surplus);
    world.proxy.calls.length = 0;
    const closing = await provider.ensureShared?.(
      wishOf("close", [...wanted, inlet(81)]),
      contextOf(),
    );
    expect(await ports()).toEqual([80, 81, 2222, 5432]);
    expect(closing).toMatchObject({ opened: ["tcp 81 from anywhere"], surplus: [] });
    expect(closing?.closed.toSorted()).toEqual(surplus);
    const order = world.proxy.calls.map(({ action }) => action);
    expect(order.indexOf("AuthorizeSecurityGroupIngress")).toBeLessThan(
      order.indexOf("RevokeSecurityGroupIngress"),
    );
  });

  describe("a rule that EC2 does not know when it is to be closed", () => {
    const isRevoke = of("RevokeSecurityGroupIngress");
    const isOfPort = (port: number) => (call: ProxiedCall) =>
      isRevoke(call) &&
      [...call.parameters].some(
        ([name, value]) => name.endsWith(".FromPort") && value === String(port),
      );
    /** In a VPC of one's own: nothing is closed. In a default one: nothing of what is not known. */
    const WAYS = {
      "it is refused": { kind: "refuse", status: 400, code: "InvalidPermission.NotFound" },
      "its answer names it": {
        kind: "answer",
        text: `<RevokeSecurityGroupIngressResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><return>true</return><unknownIpPermissionSet><item><ipProtocol>tcp</ipProtocol><fromPort>8080</fromPort><toPort>8080</toPort></item></unknownIpPermissionSet></RevokeSecurityGroupIngressResponse>`,
      },
    } as const satisfies Record<string, Act>;
    const openThree = async () => {
      const provider = world.provider();
      await provider.ensureShared?.(
        wishOf("open", [inlet(22), inlet(443), inlet(8080)]),
        contextOf(),
      );
      const close = async () => await provider.ensureShared?.(wishOf("close", []), contextOf());
      return { provider, close };
    };

    test.each(Object.entries(WAYS))("%s: the others are closed all the same", async (_, act) => {
      const { close } = await openThree();
      world.proxy.add({ match: isRevoke, act });
      expect((await close())?.closed.toSorted()).toEqual([
        "tcp 22 from anywhere",
        "tcp 443 from anywhere",
        "tcp 8080 from anywhere",
      ]);
      expect(await ports()).toEqual([]);
    });

    test.each(Object.entries(WAYS))("%s: what stays open is told", async (_, act) => {
      const { close } = await openThree();
      world.proxy.add({ match: isOfPort(8080), times: 99, act });
      expect(await failureOf(Promise.resolve(close()))).toMatch(
        /^PROVIDER_REFUSED: The security group bootmachine\.shop still lets in tcp 8080 from anywhere: .* Closed: tcp 22 from anywhere; tcp 443 from anywhere\. .*--group-id sg-\w+ --security-group-rule-ids/,
      );
      expect(await ports()).toEqual([8080]);
    });

    test("one that lists show for a moment after it was closed is not taken for open", async () => {
      const { close } = await openThree();
      const list = { match: of("DescribeSecurityGroups") };
      let before = "";
      world.proxy.add({ ...list, act: { kind: "change", change: (xml) => (before = xml) } });
      world.proxy.add({ ...list, times: 3, act: { kind: "change", change: () => before } });
      const { text } = WAYS["its answer names it"];
      world.proxy.add({ match: isRevoke, act: { kind: "change", change: () => text } });
      expect((await close())?.closed.length).toBe(3);
      expect(await ports()).toEqual([]);
    });

    test("one that another run closed meanwhile is closed", async () => {
      const { close } = await openThree();
      let isFirst = true;
      world.proxy.before({
        match: isRevoke,
        work: async () => {
          if (!isFirst) return;
          isFirst = false;
          await world.provider().ensureShared?.(wishOf("close", [inlet(443)]), contextOf());
        },
      });
      expect((await close())?.closed.length).toBe(3);
      expect(await ports()).toEqual([]);
    });

    test("one that lets in a group of another account is closed with the others", async () => {
      const { provider, close } = await openThree();
      await world.putForeignGroup("theirs");
      const groups = await world.groups();
      const [GroupId, from] = ["bootmachine.shop", "theirs"].map(
        (wanted) => groups.find(({ GroupName: name }) => name === wanted)?.GroupId,
      );
      await world.client.send(
        new AuthorizeSecurityGroupIngressCommand({
          GroupId,
          IpPermissions: [
            {
              IpProtocol: "tcp",
              FromPort: 9000,
              ToPort: 9000,
              UserIdGroupPairs: [{ GroupId: from, UserId: "999999999999" }],
            },
          ],
        }),
      );
      world.proxy.calls.length = 0;
      expect((await close())?.closed).toContain(`tcp 9000 from the security group ${from}`);
      expect(await ports()).toEqual([]);
      expect(world.proxy.count("RevokeSecurityGroupIngress")).toBe(1);
      expect((await provider.ensureShared?.(wishOf("plan", []), contextOf()))?.surplus).toEqual([]);
    });
  });

  test("a plan is told, and changes nothing", async () => {
    const provider = world.provider();
    const wish = wishOf("plan", [inlet(2849)], [inlet(22)]);
    const opens = ["icmp from anywhere", "tcp 2849 from anywhere", "tcp 22 from anywhere"];
    const surplus = ["tcp 22 from anywhere"];
    const told = { opened: opens, closed: [], surplus };
    expect(await provider.ensureShared?.(wish, contextOf())).toEqual({
      made: ["the security group bootmachine.shop"],
      ...told,
    });
    expect(await world.groups()).toEqual([]);
    await provider.ensureShared?.(wishOf("open", [inlet(443)]), contextOf());
    expect(await provider.ensureShared?.(wish, contextOf())).toEqual({
      ...told,
      made: [],
      opened: opens.slice(1),
      surplus: ["tcp 443 from anywhere", ...surplus],
    });
    expect(await ports()).toEqual([443]);
  });

  test("nothing is changed where all is right, nor by a server that is made", async () => {
    const provider = world.provider();
    const inlets = [inlet(22), { ...inlet(80), from: ["10.1.2.3/8", "2001:DB8:0::1"] }] as const;
    await provider.ensureShared?.(wishOf("open", inlets), contextOf());
    world.proxy.calls.length = 0;
    await world.provider().ensureShared?.(wishOf("close", inlets), contextOf());
    expect(world.proxy.calls.filter(({ action }) => !action.startsWith("Describe"))).toEqual([]);
    await world.provider().ensure(requestOf("web"), contextOf());
    expect(world.proxy.count("AuthorizeSecurityGroupIngress")).toBe(0);
    expect(world.proxy.count("RevokeSecurityGroupIngress")).toBe(0);
  });

  test("two runs at once, and an answer that is lost, make one group", async () => {
    world.proxy.add({ match: of("CreateSecurityGroup"), act: { kind: "answer-lost" } });
    const wish = wishOf("open", [inlet(22), inlet(443)]);
    await Promise.all([
      world.provider().ensureShared?.(wish, contextOf()),
      world.provider().ensureShared?.(wish, contextOf()),
    ]);
    expect((await world.groups()).length).toBe(1);
    expect(await ports()).toEqual([22, 443]);
  });

  test("one of this name that is not ours is refused and stays", async () => {
    await world.putForeignGroup("bootmachine.shop");
    const provider = world.provider();
    expect(await failureOf(provider.ensure(requestOf("web"), contextOf()))).toMatch(/^NOT_OURS/);
    await provider.destroyShared?.(contextOf());
    expect((await world.groups()).length).toBe(1);
    expect(await world.instances()).toEqual([]);
  });

  test("what still uses it is waited for", async () => {
    const provider = world.provider();
    await provider.ensure(requestOf("web"), contextOf());
    await provider.destroy("web", contextOf());
    world.proxy.add({
      match: of("DeleteSecurityGroup"),
      times: 2,
      act: { kind: "refuse", status: 400, code: "DependencyViolation" },
    });
    await provider.destroyShared?.(contextOf());
    expect(await world.leftovers("shop")).toEqual([]);
  });
});

describe("what is removed", () => {
  test("everything: the volume that was set to stay, the address, the group, the key", async () => {
    const provider = world.provider({ elasticAddress: true, keyPair: true, tags: { team: "web" } });
    const machine = await provider.ensure(requestOf("web"), contextOf());
    const [instance] = await world.instances();
    expect(tagsOf(instance?.Tags)["team"]).toBe("web");
    const [mapping] = instance?.BlockDeviceMappings ?? [];
    await world.client.send(
      new ModifyInstanceAttributeCommand({
        InstanceId: machine.id,
        BlockDeviceMappings: [
          { DeviceName: mapping?.DeviceName, Ebs: { DeleteOnTermination: false } },
        ],
      }),
    );
    // The group and the key are shared; the rest is the server's.
    expect((await world.leftovers("shop")).length).toBeGreaterThanOrEqual(5);
    expect(await provider.destroy("web", contextOf())).toEqual({ existed: true });
    await provider.destroyShared?.(contextOf());
    expect(await world.leftovers("shop")).toEqual([]);
  });

  test("what outlived its machine, though the options of today would make none of it", async () => {
    const before = world.provider({ elasticAddress: true });
    const machine = await before.ensure(requestOf("old"), contextOf());
    await before.ensure(requestOf("web"), contextOf());
    await before.ensure(requestOf("old"), contextOf({ stack: "shop-b" }));
    const [mapping] =
      (await world.instances()).find(({ InstanceId: id }) => id === machine.id)
        ?.BlockDeviceMappings ?? [];
    await world.client.send(
      new ModifyInstanceAttributeCommand({
        InstanceId: machine.id,
        BlockDeviceMappings: [
          { DeviceName: mapping?.DeviceName, Ebs: { DeleteOnTermination: false } },
        ],
      }),
    );
    await world.terminate("shop.old");
    const now = world.provider();
    const told = (await now.leftovers?.(contextOf())) ?? [];
    expect(told.map(({ kind, server }) => `${kind} of ${server}`).toSorted()).toEqual([
      "elastic address of old",
      "volume of old",
    ]);
    expect(await now.destroy("old", contextOf())).toEqual({ existed: true });
    expect(await now.leftovers?.(contextOf())).toEqual([]);
    expect((await world.instances()).length).toBe(2);
  });

  test("a server that lists show only after it was destroyed goes with the group that it uses", async () => {
    await world.provider({ elasticAddress: true }).ensure(requestOf("web"), contextOf());
    const next = world.provider({ elasticAddress: true });
    // Of a run that was killed a moment ago.
    world.proxy.add({
      match: of("DescribeInstances"),
      times: 2,
      act: {
        kind: "change",
        change: (xml) => xml.replace(/<reservationSet>.*<\/reservationSet>/s, "<reservationSet/>"),
      },
    });
    world.proxy.add({
      match: of("DeleteSecurityGroup"),
      times: 2,
      act: { kind: "refuse", status: 400, code: "DependencyViolation" },
    });
    await next.destroy("web", contextOf());
    await next.destroyShared?.(contextOf());
    expect(await world.leftovers("shop")).toEqual([]);
  });

  test("an address of ours that is loose is taken again", async () => {
    const provider = world.provider({ elasticAddress: true });
    world.proxy.add({
      match: of("AssociateAddress"),
      act: { kind: "refuse", status: 400, code: "IncorrectInstanceState" },
    });
    expect(await failureOf(provider.ensure(requestOf("web"), contextOf()))).toMatch(
      /^PROVIDER_CONFLICT/,
    );
    const machine = await provider.ensure(requestOf("web"), contextOf());
    expect(world.proxy.count("AllocateAddress")).toBe(1);
    expect(machine.publicAddresses.length).toBe(1);
  });
});

describe("host keys and the console", () => {
  const CONSOLE = [
    "ec2: -----BEGIN SSH HOST KEY FINGERPRINTS-----",
    "-----BEGIN SSH HOST KEY KEYS-----",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE4ZZK9uSNyS1SrVlSbNTkpu6eEUYAU93CDHXZTgGxfG root@ip-10-0-0-7",
    "-----END SSH HOST KEY KEYS-----",
  ].join("\r\n");
  const showConsole = (text: string, times = 99): void =>
    world.proxy.add({
      match: of("GetConsoleOutput"),
      times,
      act: {
        kind: "change",
        change: (xml) =>
          xml.replace(
            /<output>[^<]*<\/output>/,
            `<output>${Buffer.from(text).toString("base64")}</output>`,
          ),
      },
    });

  test("read in the console output, when it is there", async () => {
    const provider = world.provider({ hostIdentity: "console" });
    const machine = await provider.ensure(requestOf("web"), contextOf());
    expect(await world.userDataOf(machine.id)).not.toContain("ssh_keys");
    showConsole("booting", 2);
    showConsole(CONSOLE);
    expect(await provider.identity(machine, contextOf())).toEqual({
      proof: "console",
      keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE4ZZK9uSNyS1SrVlSbNTkpu6eEUYAU93CDHXZTgGxfG"],
    });
  });

  test("without one it ends with the reason", async () => {
    const provider = world.provider({ hostIdentity: "console", bootTimeoutMs: 1000 });
    const machine = await provider.ensure(requestOf("web"), contextOf());
    expect(await failureOf(provider.identity(machine, contextOf()))).toMatch(/^IDENTITY_UNPROVEN/);
  });

  test("an older type has no latest output, and its first is read", async () => {
    const provider = world.provider();
    const machine = await provider.ensure(requestOf("web"), contextOf());
    world.proxy.add({
      match: (call) => of("GetConsoleOutput")(call) && call.parameters.get("Latest") === "true",
      act: { kind: "refuse", status: 400, code: "UnsupportedOperation" },
    });
    showConsole("first output");
    expect(await provider.console(machine, contextOf())).toBe("first output");
  });

  test("a key that is kept is found by another controller", async () => {
    const provider = world.provider();
    const machine = await provider.ensure(requestOf("web"), contextOf());
    const { keys } = await provider.identity(machine, contextOf());
    expect(keys.length).toBe(1);
    const kept = { proof: "published", keys: [`ssh-rsa ${"A".repeat(540)}`] } as const;
    await provider.keepIdentity?.(machine, kept, contextOf());
    expect(await world.provider().identity(machine, contextOf())).toEqual(kept);
    const { Reservations } = await world.client.send(
      new DescribeInstancesCommand({ InstanceIds: [machine.id] }),
    );
    for (const { Value = "" } of Reservations?.[0]?.Instances?.[0]?.Tags ?? [])
      expect(Value.length).toBeLessThanOrEqual(256);
  });
});

describe("reboot", () => {
  test.each([
    ["soft", {}, ["RebootInstances"]],
    // Stopped and started it would have another public address.
    ["hard", {}, ["RebootInstances"]],
    ["hard", { publicAddress: false }, ["StopInstances", "StartInstances"]],
    ["hard", { elasticAddress: true }, ["StopInstances", "StartInstances"]],
  ] as const)("%s, with %o", async (how, options, actions) => {
    const provider = world.provider(options);
    const machine = await provider.ensure(requestOf("web"), contextOf());
    world.proxy.calls.length = 0;
    await provider.reboot(machine, how, contextOf());
    expect(
      world.proxy.calls
        .map(({ action }) => action)
        .filter((action) => !action.startsWith("Describe")),
    ).toEqual(actions);
    expect(await provider.ensure(requestOf("web"), contextOf())).toMatchObject({
      id: machine.id,
      status: "running",
      publicAddresses: machine.publicAddresses,
    });
  });
});
