import {
  AssignIpv6AddressesCommand,
  AssociateSubnetCidrBlockCommand,
  AssociateVpcCidrBlockCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeInstancesCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  type Instance,
  ModifySubnetAttributeCommand,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";

import type { Ec2Options } from "../../../src/providers/ec2/options.ts";
import {
  contextOf,
  type Ec2World,
  FAILING_TYPE,
  failureOf,
  requestOf,
  wishOf,
} from "./ec2-world.ts";
import { REGION } from "./moto-server.ts";

const ZONES = [`${REGION}a`, `${REGION}b`] as const;

/** Options that say how and where a server is made: what is sent for them, what is made, and what is left. */
export function testOptions(worldOf: () => Ec2World): void {
  const make = async (options: Ec2Options, server = "web") =>
    await worldOf().provider(options).ensure(requestOf(server), contextOf());
  /** Why nothing is made. */
  const told = async (options: Ec2Options): Promise<string> => {
    const world = worldOf();
    const failure = await failureOf(make(options));
    expect(await world.instances()).toEqual([]);
    expect(await world.leftovers("shop")).toEqual([]);
    return failure;
  };
  /** What the creates named, below a prefix. */
  const sent = (prefix: string): readonly Readonly<Record<string, string>>[] =>
    worldOf()
      .proxy.calls.filter(({ action }) => action === "RunInstances")
      .map(({ parameters }) =>
        Object.fromEntries(
          [...parameters].flatMap(([name, value]) =>
            name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
          ),
        ),
      );
  const onlyInstance = async (): Promise<Instance> => {
    const [instance, ...others] = await worldOf().instances();
    expect(others).toEqual([]);
    if (instance === undefined) throw new Error("there is no instance");
    return instance;
  };
  const refuse = (code: string, times: number, isMeant: (market: string | null) => boolean): void =>
    worldOf().proxy.add({
      match: ({ action, parameters }) =>
        action === "RunInstances" && isMeant(parameters.get("InstanceMarketOptions.MarketType")),
      times,
      act: { kind: "refuse", status: code.startsWith("Insufficient") ? 500 : 400, code },
    });
  /** Destroys the stack; what is left of it at the cloud. */
  const destroy = async (options: Ec2Options): Promise<readonly string[]> => {
    const provider = worldOf().provider(options);
    await provider.destroy("web", contextOf());
    await provider.destroyShared?.(contextOf());
    return await worldOf().leftovers("shop");
  };

  describe("spare capacity", () => {
    test("is asked for once, ends with the server, and bears our tags with all else", async () => {
      const options = { spot: { maxPrice: "0.02" }, zones: [ZONES[0]], tags: { team: "web" } };
      await make(options);
      expect((await onlyInstance()).InstanceLifecycle).toBe("spot");
      expect(sent("InstanceMarketOptions.")).toEqual([
        {
          MarketType: "spot",
          "SpotOptions.SpotInstanceType": "one-time",
          "SpotOptions.InstanceInterruptionBehavior": "terminate",
          "SpotOptions.MaxPrice": "0.02",
        },
      ]);
      const [tags = {}] = sent("TagSpecification.");
      const kinds = Object.entries(tags).flatMap(([name, kind]) =>
        /^(\d+)\.ResourceType$/.test(name) ? [[kind, name.split(".")[0] ?? ""] as const] : [],
      );
      expect(kinds.map(([kind]) => kind).toSorted()).toEqual([
        "instance",
        "network-interface",
        "spot-instances-request",
        "volume",
      ]);
      for (const [kind, index] of kinds) {
        const keys = Object.entries(tags).flatMap(([name, key]) =>
          name.startsWith(`${index}.Tag.`) && name.endsWith(".Key") ? [key] : [],
        );
        for (const key of ["Name", "team", "bootmachine-stack", "bootmachine-server"])
          expect(keys, kind).toContain(key);
      }
      expect(await destroy(options)).toEqual([]);
    });

    test("every type in every zone is tried before a server on demand, each under a token of its own", async () => {
      const options = { spot: true, zones: [...ZONES], size: ["t3.small", "t3a.small"] };
      refuse("InsufficientInstanceCapacity", 4, (market) => market === "spot");
      refuse("InsufficientInstanceCapacity", 1, (market) => market === null);
      await make(options);
      const zoneOf = await zonesBySubnet();
      const asked = sent("").map(
        (input) =>
          `${input["InstanceType"]} ${zoneOf.get(input["NetworkInterface.1.SubnetId"] ?? "")} ${input["InstanceMarketOptions.MarketType"] ?? "on demand"}`,
      );
      expect(asked).toEqual([
        `t3.small ${ZONES[0]} spot`,
        `t3.small ${ZONES[1]} spot`,
        `t3a.small ${ZONES[0]} spot`,
        `t3a.small ${ZONES[1]} spot`,
        `t3.small ${ZONES[0]} on demand`,
        `t3.small ${ZONES[1]} on demand`,
      ]);
      expect(new Set(sent("").map(({ ClientToken }) => ClientToken)).size).toBe(6);
      const { InstanceLifecycle: lifecycle, Placement: placement } = await onlyInstance();
      expect(lifecycle).toBeUndefined();
      expect(placement?.AvailabilityZone).toBe(ZONES[1]);
      // A server on demand has no request for spare capacity to tag.
      expect(JSON.stringify(sent("TagSpecification.").at(-1))).not.toContain("spot");
    });

    test("without a fallback it is told what helps", async () => {
      refuse("SpotMaxPriceTooLow", 99, (market) => market === "spot");
      const options = { zones: [ZONES[0]], spot: { fallback: false, maxPrice: "0.001" } };
      const failure = await failureOf(make(options));
      expect(failure).toMatch(
        /^PROVIDER_CAPACITY: .*raise `spot\.maxPrice`.*let `spot\.fallback` take servers on demand/,
      );
      expect(await worldOf().instances()).toEqual([]);
      expect(await destroy(options)).toEqual([]);
    });

    test("where the account lacks the role for it, the way to have it is told", async () => {
      refuse(
        "AuthFailure.ServiceLinkedRoleCreationNotPermitted",
        99,
        (market) => market === "spot",
      );
      expect(await failureOf(make({ spot: true }))).toMatch(
        /^PROVIDER_AUTH: .*aws iam create-service-linked-role --aws-service-name spot\.amazonaws\.com/,
      );
      // Another place, or on demand, is no answer to it.
      expect(worldOf().proxy.count("RunInstances")).toBe(1);
    });
  });

  const zonesBySubnet = async (): Promise<ReadonlyMap<string, string>> => {
    const { Subnets: subnets = [] } = await worldOf().client.send(new DescribeSubnetsCommand({}));
    return new Map(subnets.map(({ SubnetId: id = "", AvailabilityZone: zone = "" }) => [id, zone]));
  };

  describe("addresses", () => {
    /** A subnet of a VPC of its own. */
    const putSubnet = async (isPublic: boolean, hasIpv6 = false): Promise<string> => {
      const { client } = worldOf();
      const { Vpc: vpc } = await client.send(new CreateVpcCommand({ CidrBlock: "10.9.0.0/16" }));
      const { Subnet: subnet } = await client.send(
        new CreateSubnetCommand({
          VpcId: vpc?.VpcId,
          CidrBlock: "10.9.1.0/24",
          AvailabilityZone: ZONES[0],
        }),
      );
      const SubnetId = subnet?.SubnetId ?? "";
      if (isPublic) {
        const MapPublicIpOnLaunch = { Value: true };
        await client.send(new ModifySubnetAttributeCommand({ SubnetId, MapPublicIpOnLaunch }));
      }
      if (hasIpv6) {
        const { Ipv6CidrBlockAssociation: range } = await client.send(
          new AssociateVpcCidrBlockCommand({
            VpcId: vpc?.VpcId,
            AmazonProvidedIpv6CidrBlock: true,
          }),
        );
        const Ipv6CidrBlock = (range?.Ipv6CidrBlock ?? "").replace("/56", "/64");
        await client.send(new AssociateSubnetCidrBlockCommand({ SubnetId, Ipv6CidrBlock }));
      }
      return SubnetId;
    };

    test("accessAddress says by which of the two a server is reached; both are kept", async () => {
      const byPublic = await make({ accessAddress: "public" });
      const { PublicIpAddress: outer, PrivateIpAddress: inner } = await onlyInstance();
      expect(outer).toBeDefined();
      expect(byPublic.publicAddresses).toEqual([outer]);
      const byPrivate = await make({ accessAddress: "private" });
      expect(byPrivate.publicAddresses).toEqual([inner]);
      expect(byPrivate.privateAddresses).toEqual([inner]);
      expect(byPrivate.id).toBe(byPublic.id);
    });

    test("a server that is reached by its elastic address alone gets it", async () => {
      const options = {
        accessAddress: "public",
        publicAddress: false,
        elasticAddress: true,
      } as const satisfies Ec2Options;
      const machine = await make(options);
      expect(sent("NetworkInterface.1.AssociatePublicIpAddress")).toEqual([{ "": "false" }]);
      expect(machine.publicAddresses).toEqual([(await onlyInstance()).PublicIpAddress]);
      expect(await destroy(options)).toEqual([]);
    });

    test("public ones in a subnet that gives none are refused with a way out, unless they are asked for", async () => {
      const subnets = [await putSubnet(false)];
      expect(await told({ subnets, accessAddress: "public" })).toMatch(
        /^CONFIG_INVALID: subnet-\w+: ec2\(\{ accessAddress: "public" \}\) needs a subnet that gives.*No subnet of the VPC does\. Or set `publicAddress`/,
      );
      const machine = await make({ subnets, accessAddress: "public", publicAddress: true });
      expect(machine.publicAddresses).toEqual([(await onlyInstance()).PublicIpAddress]);
      await destroy({});
      await make({ subnets: [await putSubnet(true)], accessAddress: "public" });
    });

    test("ipv6 is asked for where the subnet has it, and reaches the server", async () => {
      const subnets = [await putSubnet(false, true)];
      const options = { subnets, ipv6: true, accessAddress: "public" } as const;
      const { proxy, client } = worldOf();
      // moto knows such addresses, but not that a create may ask for them.
      proxy.after({
        match: ({ action }) => action === "RunInstances",
        work: async () => {
          const { Reservations: reservations = [] } = await client.send(
            new DescribeInstancesCommand({}),
          );
          const NetworkInterfaceId =
            reservations[0]?.Instances?.[0]?.NetworkInterfaces?.[0]?.NetworkInterfaceId;
          await client.send(
            new AssignIpv6AddressesCommand({ NetworkInterfaceId, Ipv6AddressCount: 1 }),
          );
        },
      });
      const machine = await make(options);
      expect(sent("NetworkInterface.1.Ipv6")).toEqual([{ AddressCount: "1" }]);
      expect(machine.publicAddresses).toMatchObject([/:/]);
      expect(machine.privateAddresses.length).toBe(2);
      expect(await destroy(options)).toEqual([]);
    });

    test("ipv6 in a subnet without is refused before anything is made", async () => {
      expect(await told({ zones: [ZONES[0]], ipv6: true })).toMatch(
        /^CONFIG_INVALID: subnet-\w+: ec2\(\{ ipv6: true \}\) needs a subnet that has IPv6 addresses\. No subnet of the VPC does\. `aws ec2 associate/,
      );
    });
  });

  describe("security groups of yours", () => {
    /** One of the default VPC, or of another. */
    const putGroup = async (GroupName: string, isElsewhere = false): Promise<string> => {
      const { client } = worldOf();
      const { Vpcs: vpcs = [] } = await client.send(new DescribeVpcsCommand({}));
      const { Vpc: other } = isElsewhere
        ? await client.send(new CreateVpcCommand({ CidrBlock: "10.8.0.0/16" }))
        : {};
      const { GroupId: id = "" } = await client.send(
        new CreateSecurityGroupCommand({
          GroupName,
          Description: "yours",
          VpcId: (other ?? vpcs[0])?.VpcId,
        }),
      );
      return id;
    };
    const groupsOf = async (): Promise<readonly string[]> =>
      ((await onlyInstance()).NetworkInterfaces?.[0]?.Groups ?? []).map(
        ({ GroupName: name = "" }) => name,
      );
    const left = async (): Promise<readonly string[]> =>
      (await worldOf().groups()).map(({ GroupName: name = "" }) => name);

    test("stand beside ours, and stay when it goes", async () => {
      const options = { securityGroups: [await putGroup("monitoring"), await putGroup("backup")] };
      await make(options);
      expect((await groupsOf()).toSorted()).toEqual(["backup", "bootmachine.shop", "monitoring"]);
      expect(await destroy(options)).toEqual([]);
      expect((await left()).toSorted()).toEqual(["backup", "monitoring"]);
    });

    test("stand alone where ours is not wanted: none is made, and none is looked after", async () => {
      const options = { ownSecurityGroup: false, securityGroups: [await putGroup("ssh")] };
      const provider = worldOf().provider(options);
      const inlet = { protocol: "tcp", fromPort: 22, toPort: 22, from: "anywhere" } as const;
      for (const mode of ["plan", "open", "close"] as const)
        expect(await provider.ensureShared?.(wishOf(mode, [inlet]), contextOf())).toEqual({
          made: [],
          opened: [],
          closed: [],
          surplus: [],
        });
      await provider.ensure(requestOf("web"), contextOf());
      expect(await groupsOf()).toEqual(["ssh"]);
      const changes = worldOf().proxy.calls.filter(({ action }) =>
        /SecurityGroup(Ingress)?$/.test(action),
      );
      expect(changes).toEqual([]);
      expect(await destroy(options)).toEqual([]);
      expect(await left()).toEqual(["ssh"]);
    });

    test("one of ours from before goes with the stack, though none is wanted any more", async () => {
      await make({});
      expect(
        await destroy({ ownSecurityGroup: false, securityGroups: [await putGroup("ssh")] }),
      ).toEqual([]);
      expect(await left()).toEqual(["ssh"]);
    });

    test.each([true, false])(
      "that are not in the servers' VPC are told before anything is made, with what there is (ours: %s)",
      async (ownSecurityGroup) => {
        const mine = await putGroup("ssh");
        const elsewhere = await putGroup("elsewhere", true);
        const options = {
          ownSecurityGroup,
          securityGroups: [mine, elsewhere, "sg-0123456789abcdef0"],
          keyPair: true,
        };
        const expected = new RegExp(
          String.raw`^PROVIDER_NOT_FOUND: The VPC vpc-\w+ of the servers has no security group ${elsewhere}, sg-0123456789abcdef0\. .*There are: .*${mine} \(ssh\)`,
        );
        expect(await told(options)).toMatch(expected);
        expect(worldOf().proxy.count("ImportKeyPair")).toBe(0);
        // It is said beforehand, for all servers at once; and by a plan, also where no server is to be made.
        const provider = worldOf().provider(options);
        worldOf().proxy.calls.length = 0;
        for (const server of ["web", "db"])
          expect(
            await failureOf(
              Promise.resolve(provider.refuseUnknown?.(requestOf(server), contextOf())),
            ),
          ).toMatch(expected);
        expect(worldOf().proxy.count("DescribeSecurityGroups")).toBe(1);
        const plan = worldOf().provider(options).ensureShared?.(wishOf("open", []), contextOf());
        expect(await failureOf(Promise.resolve(plan))).toMatch(expected);
        expect(await worldOf().leftovers("shop")).toEqual([]);
      },
    );
  });

  describe("the root volume", () => {
    const VOLUME = "BlockDeviceMapping.1.Ebs.";

    test.each([
      [{}, { VolumeType: "gp3", Encrypted: "true" }],
      [
        { iops: 4000, throughput: 250, sizeGb: 20 },
        { VolumeType: "gp3", Iops: "4000", Throughput: "250", VolumeSize: "20", Encrypted: "true" },
      ],
      [{ kmsKey: "alias/shop" }, { VolumeType: "gp3", Encrypted: "true", KmsKeyId: "alias/shop" }],
      [
        { encrypted: false, type: "gp2", sizeGb: 20 },
        { VolumeType: "gp2", VolumeSize: "20" },
      ],
    ] as const)("%o is sent as it is wished, and goes with its server", async (rootVolume, ebs) => {
      await make({ rootVolume });
      expect(sent(VOLUME)).toMatchObject([{ ...ebs, DeleteOnTermination: "true" }]);
      const names = Object.keys(sent(VOLUME)[0] ?? {});
      for (const name of ["Iops", "Throughput", "KmsKeyId", "Encrypted"])
        expect(names.includes(name), name).toBe(name in ebs);
      expect(await destroy({ rootVolume })).toEqual([]);
    });

    test("io2 is sent with what it needs", async () => {
      // moto asks for the figure, and takes no notice of it where a server is made.
      const failure = await failureOf(make({ rootVolume: { type: "io2", iops: 500 } }));
      expect(failure).toMatch(/^PROVIDER_REFUSED: .*InvalidParameterDependency/);
      expect(sent(VOLUME)).toMatchObject([{ VolumeType: "io2", Iops: "500", Encrypted: "true" }]);
    });

    test("a key that may not be used is told with what to check", async () => {
      worldOf().endFailingType(
        "Client.InternalError",
        "Client.InternalError: Client error on launch",
      );
      expect(
        await failureOf(make({ size: FAILING_TYPE, rootVolume: { kmsKey: "alias/others" } })),
      ).toMatch(
        /^MACHINE_FAILED: .*Client error on launch.*`kmsKey` and your right to use that key/,
      );
    });
  });
}
