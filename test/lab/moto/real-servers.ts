import { CreateSubnetCommand, CreateTagsCommand, CreateVpcCommand } from "@aws-sdk/client-ec2";

import type { Ec2Options } from "../../../src/providers/ec2/options.ts";
import { freeNetwork, RecordServers, type ServerRecord } from "../record-servers.ts";
import type { Ec2World } from "./ec2-world.ts";
import type { ProxiedCall } from "./fault-proxy.ts";
import { REGION } from "./moto-server.ts";

/** The name of the subnet whose addresses lead to real servers. */
const SUBNET = "real";

/** What a provider needs whose instances are to be real: private addresses, and the user of the local image. */
export const REAL = {
  subnets: [SUBNET],
  publicAddress: false,
  user: "debian",
} as const satisfies Ec2Options;

/**
 * Makes moto's instances real: each one of the subnet gets a server of this computer, with its user-data, at its private
 * address. What moto pretends is done to them: reboots, and the console output.
 */
export async function startRealServers(world: Ec2World): Promise<RecordServers> {
  const network = await freeNetwork();
  const { client, proxy } = world;
  const { Vpc: vpc } = await client.send(new CreateVpcCommand({ CidrBlock: network }));
  const { Subnet: subnet } = await client.send(
    new CreateSubnetCommand({
      VpcId: vpc?.VpcId,
      CidrBlock: network,
      AvailabilityZone: `${REGION}a`,
    }),
  );
  const Tags = [{ Key: "Name", Value: SUBNET }];
  await client.send(new CreateTagsCommand({ Resources: [subnet?.SubnetId ?? ""], Tags }));
  const userData = new Map<string, string>();
  const servers = await RecordServers.start({
    network,
    records: async () => await readRecords(world, subnet?.SubnetId ?? "", userData),
  });
  proxy.before({
    match: ({ action }) => action === "RebootInstances",
    work: async (call) => await servers.reboot(instanceOf(call), "soft"),
  });
  // What is stopped keeps its disk: it is started again by a reboot.
  proxy.before({
    match: ({ action }) => action === "StartInstances",
    work: async (call) => await servers.reboot(instanceOf(call), "hard"),
  });
  proxy.stand({
    match: ({ action }) => action === "GetConsoleOutput",
    answer: async (call) => {
      const id = instanceOf(call);
      const output = Buffer.from((await servers.console(id)) ?? "").toString("base64");
      return `<GetConsoleOutputResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId><instanceId>${id}</instanceId><output>${output}</output></GetConsoleOutputResponse>`;
    },
  });
  return servers;
}

function instanceOf({ parameters }: ProxiedCall): string {
  return parameters.get("InstanceId.1") ?? parameters.get("InstanceId") ?? "";
}

async function readRecords(
  world: Ec2World,
  subnet: string,
  userData: Map<string, string>,
): Promise<readonly ServerRecord[]> {
  const records: ServerRecord[] = [];
  for (const instance of await world.instances()) {
    const { InstanceId: id, PrivateIpAddress: address, State: state, Tags: tags = [] } = instance;
    const isHere =
      instance.SubnetId === subnet && /^(running|stopping|stopped)$/.test(state?.Name ?? "");
    if (!isHere || id === undefined || address === undefined) continue;
    const data = userData.get(id) ?? (await world.userDataOf(id));
    userData.set(id, data);
    const name = tags.find(({ Key: key }) => key === "Name")?.Value ?? id;
    records.push({
      id,
      address,
      userData: data,
      hostname: name.replaceAll(/[^A-Za-z0-9-]/g, "-").toLowerCase(),
    });
  }
  return records;
}
