import {
  AssociateAddressCommand,
  CreateSecurityGroupCommand,
  DescribeAddressesCommand,
  DescribeInstanceAttributeCommand,
  DescribeKeyPairsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
  EC2Client,
  type Instance,
  paginateDescribeInstances,
  RunInstancesCommand,
  type Tag,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";

import type { ProviderContext } from "../../../src/providers/contract.ts";
import { ec2 } from "../../../src/providers/ec2/ec2.ts";
import type { Ec2Options } from "../../../src/providers/ec2/options.ts";
import { FaultProxy } from "./fault-proxy.ts";
import { type Moto, REGION, startMoto } from "./moto-server.ts";

export { failureOf, requestOf, wishOf } from "../../provider-calls.ts";

export const ACCESS_KEY = "AKIATESTTESTTESTTEST";
export const SECRET_KEY = "secret-of-the-tests/not-to-be-seen";
export const IMAGE = "ami-0d120000000000002";

/** A type that the world ends while it starts. */
export const FAILING_TYPE = "m5.metal";

/** Everything is quick, and needs no choice. */
export const QUICK = {
  region: REGION,
  image: { distro: "debian-12" },
  pollMs: 10,
  settleMs: 300,
  callTimeoutMs: 5000,
  bootTimeoutMs: 10_000,
} as const satisfies Ec2Options;

export function contextOf(more: Partial<ProviderContext> = {}): ProviderContext {
  return {
    stack: "shop",
    signal: AbortSignal.timeout(60_000),
    progress: () => undefined,
    ...more,
  };
}

/** moto, with faults before it, and a way to look at it from behind. */
export class Ec2World {
  readonly moto: Moto;
  readonly proxy: FaultProxy;
  /** Straight to moto. */
  readonly client: EC2Client;

  private constructor(moto: Moto, proxy: FaultProxy) {
    this.moto = moto;
    this.proxy = proxy;
    this.client = new EC2Client({
      region: REGION,
      endpoint: moto.url,
      credentials: { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET_KEY },
    });
  }

  static async start(): Promise<Ec2World> {
    const moto = await startMoto();
    return new Ec2World(moto, await FaultProxy.start(moto.url, ACCESS_KEY));
  }

  get environment(): Readonly<Record<string, string>> {
    return {
      AWS_ACCESS_KEY_ID: ACCESS_KEY,
      AWS_SECRET_ACCESS_KEY: SECRET_KEY,
      AWS_ENDPOINT_URL: this.proxy.url,
    };
  }

  provider(
    options: Ec2Options = {},
    more: Readonly<Record<string, string>> = {},
  ): ReturnType<typeof ec2> {
    return ec2({ ...QUICK, ...options }, { ...this.environment, ...more });
  }

  /** As new. */
  async reset(): Promise<void> {
    this.proxy.clear();
    this.#keepElasticAddresses();
    await this.moto.reset();
  }

  async stop(): Promise<void> {
    this.client.destroy();
    await this.proxy.close();
    await this.moto.stop();
  }

  /** Instances that are not terminated. */
  async instances(): Promise<readonly Instance[]> {
    const instances: Instance[] = [];
    // moto keeps what is terminated, and has a page of a hundred.
    for await (const page of paginateDescribeInstances({ client: this.client }, {}))
      instances.push(
        ...(page.Reservations ?? []).flatMap((reservation) => reservation.Instances ?? []),
      );
    return instances.filter(({ State: state }) => state?.Name !== "terminated");
  }

  async userDataOf(instance: string): Promise<string> {
    const { UserData: data } = await this.client.send(
      new DescribeInstanceAttributeCommand({ InstanceId: instance, Attribute: "userData" }),
    );
    return Buffer.from(data?.Value ?? "", "base64").toString("utf8");
  }

  async groups(): Promise<
    readonly NonNullable<Awaited<ReturnType<typeof describeGroups>>["SecurityGroups"]>[number][]
  > {
    const { SecurityGroups: groups = [] } = await describeGroups(this.client);
    return groups.filter(({ GroupName: name }) => name !== "default");
  }

  /** Whatever bears the stack's tags and is there. */
  async leftovers(stack: string): Promise<readonly string[]> {
    const Filters = [{ Name: "tag:bootmachine-stack", Values: [stack] }];
    const [instances, volumes, addresses, interfaces, groups, pairs] = await Promise.all([
      this.instances(),
      this.client.send(new DescribeVolumesCommand({ Filters })),
      this.client.send(new DescribeAddressesCommand({ Filters })),
      this.client.send(new DescribeNetworkInterfacesCommand({ Filters })),
      this.client.send(new DescribeSecurityGroupsCommand({ Filters })),
      this.client.send(new DescribeKeyPairsCommand({ Filters })),
    ]);
    return [
      ...instances
        .filter(({ Tags: tags = [] }) =>
          tags.some(({ Key: key, Value: value }) => key === "bootmachine-stack" && value === stack),
        )
        .map(({ InstanceId: id }) => id ?? "an instance"),
      ...(volumes.Volumes ?? []).map(({ VolumeId: id }) => id ?? "a volume"),
      ...(addresses.Addresses ?? []).map(({ PublicIp: ip }) => ip ?? "an address"),
      ...(interfaces.NetworkInterfaces ?? []).map(
        ({ NetworkInterfaceId: id }) => id ?? "a network interface",
      ),
      ...(groups.SecurityGroups ?? []).map(({ GroupName: name }) => name ?? "a group"),
      ...(pairs.KeyPairs ?? []).map(({ KeyName: name }) => name ?? "a key pair"),
    ];
  }

  /** Puts an instance there that bears a name, and no tag of ours. */
  async putForeign(name: string): Promise<() => Promise<void>> {
    const { Instances: instances = [] } = await this.client.send(
      new RunInstancesCommand({
        ImageId: IMAGE,
        InstanceType: "t3.small",
        MinCount: 1,
        MaxCount: 1,
        TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: name }] }],
      }),
    );
    const ids = instances.map(({ InstanceId: id }) => id ?? "");
    return async () => {
      await this.client.send(new TerminateInstancesCommand({ InstanceIds: ids }));
    };
  }

  /** As a create whose answer was lost: a younger one, ours in all that we go by. @returns its id */
  async putTwin(server: string, more: readonly Tag[] = []): Promise<string> {
    const found = (await this.instances()).find(({ Tags: tags = [] }) =>
      tags.some(({ Key: key, Value: value }) => key === "bootmachine-server" && value === server),
    );
    if (found === undefined) throw new Error(`there is no ${server}`);
    const replaced = new Set(more.map(({ Key: key }) => key));
    const tags = (found.Tags ?? []).filter(({ Key: key }) => !replaced.has(key));
    // Times are in whole seconds.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const { Instances: instances = [] } = await this.client.send(
      new RunInstancesCommand({
        ImageId: found.ImageId,
        InstanceType: found.InstanceType,
        SubnetId: found.SubnetId,
        MinCount: 1,
        MaxCount: 1,
        TagSpecifications: [{ ResourceType: "instance", Tags: [...tags, ...more] }],
      }),
    );
    return instances[0]?.InstanceId ?? "";
  }

  /** moto keeps the time of the first launch when an instance is started; EC2 tells that of the last. */
  showLaunchOf(id: string, time: string): void {
    this.proxy.add({
      match: ({ action }) => action === "DescribeInstances",
      times: 10_000,
      act: {
        kind: "change",
        change: (xml) =>
          xml
            .split("<reservationId>")
            .map((one) =>
              one.includes(`<instanceId>${id}</instanceId>`)
                ? one.replace(/<launchTime>[^<]*/, `<launchTime>${time}`)
                : one,
            )
            .join("<reservationId>"),
      },
    });
  }

  /** As somebody does at the console. */
  async terminate(name: string): Promise<void> {
    const named = (await this.instances()).filter(({ Tags: tags = [] }) =>
      tags.some(({ Key: key, Value: value }) => key === "Name" && value === name),
    );
    const ids = named.map(({ InstanceId: id }) => id ?? "");
    await this.client.send(new TerminateInstancesCommand({ InstanceIds: ids }));
  }

  /** moto forgets an elastic address when its instance is stopped; EC2 does not. */
  #keepElasticAddresses(): void {
    let wasStarted = false;
    this.proxy.before({
      match: ({ action }) => action === "StartInstances",
      work: async () => void (wasStarted = true),
    });
    this.proxy.before({
      match: ({ action }) => action === "DescribeInstances" && wasStarted,
      work: async () => {
        wasStarted = false;
        const { Addresses: addresses = [] } = await this.client.send(
          new DescribeAddressesCommand({}),
        );
        for (const { AllocationId, InstanceId } of addresses)
          if (InstanceId !== undefined)
            await this.client.send(
              new AssociateAddressCommand({ AllocationId, InstanceId, AllowReassociation: true }),
            );
      },
    });
  }

  async putForeignGroup(name: string): Promise<void> {
    const { Vpcs: vpcs = [] } = await this.client.send(new DescribeVpcsCommand({}));
    await this.client.send(
      new CreateSecurityGroupCommand({
        GroupName: name,
        Description: "somebody else's",
        VpcId: vpcs[0]?.VpcId,
      }),
    );
  }

  /** Instances of the failing type are ended by the cloud at once, with a reason of its own. */
  endFailingType(
    code = "Server.InternalError",
    message = "Server.InternalError: Internal error on launch",
  ): void {
    const ended: string[] = [];
    const reason = `<stateReason><code>${code}</code><message>${message}</message></stateReason>`;
    const withReason = (xml: string, id: string): string => withFailure(xml, id, reason);
    this.proxy.add({
      match: ({ action, parameters }) =>
        action === "RunInstances" && parameters.get("InstanceType") === FAILING_TYPE,
      times: 100,
      act: {
        kind: "change",
        change: (xml) => {
          ended.push(/<instanceId>([^<]+)<\/instanceId>/.exec(xml)?.[1] ?? "");
          return xml;
        },
      },
    });
    this.proxy.before({
      match: ({ action }) => action === "DescribeInstances",
      work: async () => {
        const alive = (await this.instances()).flatMap(({ InstanceId: id = "" }) =>
          ended.includes(id) ? [id] : [],
        );
        if (alive.length > 0)
          await this.client.send(new TerminateInstancesCommand({ InstanceIds: alive }));
      },
    });
    this.proxy.add({
      match: ({ action }) => action === "DescribeInstances",
      times: 10_000,
      act: { kind: "change", change: (xml) => ended.reduce(withReason, xml) },
    });
  }
}

/** The reason of its end is the cloud's own. */
function withFailure(xml: string, id: string, reason: string): string {
  return xml
    .split("<reservationId>")
    .map((reservation) =>
      reservation.includes(`<instanceId>${id}</instanceId>`)
        ? reservation.replace(/<stateReason>.*?<\/stateReason>/s, reason)
        : reservation,
    )
    .join("<reservationId>");
}

async function describeGroups(client: EC2Client) {
  return await client.send(new DescribeSecurityGroupsCommand({}));
}
