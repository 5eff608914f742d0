import type { Filter, Instance, RunInstancesCommandInput } from "@aws-sdk/client-ec2";

import type { Caller } from "../../cloud/caller.ts";
import type { Ec2Api } from "./client.ts";
import { isNotFound, isRefusal } from "./failures.ts";
import { type Tags, tagsOf } from "./tags.ts";

/** An instance as EC2 tells it, with what is used here. */
export interface Ec2Instance {
  readonly id: string;
  /** pending, running, stopping, stopped, shutting-down, terminated. */
  readonly state: string;
  /** Why it is stopped or terminated: `Server.SpotInstanceTermination` and the like. */
  readonly reason: { readonly code: string; readonly message: string } | undefined;
  /** ISO 8601; empty: EC2 tells none. */
  readonly createdAt: string;
  readonly tags: Tags;
  readonly publicIp: string | undefined;
  readonly privateIp: string | undefined;
  readonly ipv6: readonly string[];
  readonly isSpot: boolean;
  readonly image: string;
  readonly type: string;
}

function toInstance(instance: Instance): Ec2Instance {
  const { StateReason: reason, NetworkInterfaces: interfaces = [] } = instance;
  const primary = interfaces.find(({ Attachment: attachment }) => attachment?.DeviceIndex === 0);
  return {
    id: instance.InstanceId ?? "",
    state: instance.State?.Name ?? "pending",
    reason:
      reason?.Code === undefined || reason.Code === ""
        ? undefined
        : { code: reason.Code, message: reason.Message ?? reason.Code },
    // What EC2 calls the time of launch is that of the last start. One that is terminated has no interface any more.
    createdAt: (primary?.Attachment?.AttachTime ?? instance.LaunchTime)?.toISOString() ?? "",
    tags: tagsOf(instance.Tags),
    publicIp: given(instance.PublicIpAddress),
    privateIp: given(instance.PrivateIpAddress),
    ipv6: interfaces.flatMap(({ Ipv6Addresses: addresses = [] }) =>
      addresses.flatMap(({ Ipv6Address: address }) => (address === undefined ? [] : [address])),
    ),
    isSpot: instance.InstanceLifecycle === "spot",
    image: instance.ImageId ?? "",
    type: instance.InstanceType ?? "",
  };
}

function given(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

/** One call for up to a thousand. */
export async function listInstances(
  api: Ec2Api,
  filters: readonly Filter[],
  what: string,
  caller: Caller,
): Promise<readonly Ec2Instance[]> {
  const instances: Ec2Instance[] = [];
  for (let token: string | undefined; ;) {
    const next = token;
    const page = await api.call(
      {
        action: "DescribeInstances",
        what,
        command: (sdk) =>
          new sdk.DescribeInstancesCommand({
            Filters: [...filters],
            MaxResults: 1000,
            ...(next === undefined ? {} : { NextToken: next }),
          }),
      },
      caller,
    );
    for (const { Instances: some = [] } of page.Reservations ?? [])
      instances.push(...some.map(toInstance));
    token = given(page.NextToken);
    if (token === undefined) return instances;
  }
}

/** Undefined where it is not there (any more, or not yet). */
export async function readInstance(
  api: Ec2Api,
  id: string,
  caller: Caller,
): Promise<Ec2Instance | undefined> {
  try {
    const answer = await api.call(
      {
        action: "DescribeInstances",
        what: `read the instance ${id}`,
        command: (sdk) => new sdk.DescribeInstancesCommand({ InstanceIds: [id] }),
      },
      caller,
    );
    const found = answer.Reservations?.flatMap(({ Instances: some = [] }) => some)[0];
    return found === undefined ? undefined : toInstance(found);
  } catch (thrown) {
    if (isNotFound(thrown)) return undefined;
    throw thrown;
  }
}

/**
 * Sends the create once. The same `ClientToken` with the same request makes no second instance.
 *
 * @throws AnswerLostError where nobody knows whether it was carried out.
 */
export async function runInstance(
  api: Ec2Api,
  request: RunInstancesCommandInput,
  name: string,
  caller: Caller,
): Promise<Ec2Instance> {
  const answer = await api.call(
    {
      action: "RunInstances",
      what: `create the server ${name}`,
      command: (sdk) => new sdk.RunInstancesCommand(request),
      isRepeatable: false,
      mustFinish: true,
    },
    caller,
  );
  return toInstance(answer.Instances?.[0] ?? {});
}

type Named = Pick<Ec2Instance, "id"> & { readonly name: string };

/** One that is not there any more counts as terminated. */
export async function terminateInstance(
  api: Ec2Api,
  { id, name }: Named,
  caller: Caller,
): Promise<void> {
  try {
    await api.call(
      {
        action: "TerminateInstances",
        what: `terminate the server ${name}`,
        command: (sdk) => new sdk.TerminateInstancesCommand({ InstanceIds: [id] }),
      },
      caller,
    );
  } catch (thrown) {
    if (!isNotFound(thrown)) throw thrown;
  }
}

export async function startInstance(
  api: Ec2Api,
  { id, name }: Named,
  caller: Caller,
): Promise<void> {
  await api.call(
    {
      action: "StartInstances",
      what: `start the server ${name}`,
      command: (sdk) => new sdk.StartInstancesCommand({ InstanceIds: [id] }),
    },
    caller,
  );
}

/** Cuts its power. */
export async function stopInstance(
  api: Ec2Api,
  { id, name }: Named,
  caller: Caller,
): Promise<void> {
  await api.call(
    {
      action: "StopInstances",
      what: `stop the server ${name}`,
      command: (sdk) => new sdk.StopInstancesCommand({ InstanceIds: [id], Force: true }),
    },
    caller,
  );
}

export async function rebootInstance(
  api: Ec2Api,
  { id, name }: Named,
  caller: Caller,
): Promise<void> {
  await api.call(
    {
      action: "RebootInstances",
      what: `reboot the server ${name}`,
      command: (sdk) => new sdk.RebootInstancesCommand({ InstanceIds: [id] }),
    },
    caller,
  );
}

/** The console output; empty where there is none yet. Older types of instances have no latest one, only the first. */
export async function readConsole(
  api: Ec2Api,
  { id, name }: Named,
  caller: Caller,
): Promise<string> {
  const read = async (isLatest: boolean): Promise<string> => {
    const { Output: output = "" } = await api.call(
      {
        action: "GetConsoleOutput",
        what: `read the console of ${name}`,
        command: (sdk) =>
          new sdk.GetConsoleOutputCommand({
            InstanceId: id,
            ...(isLatest ? { Latest: true } : {}),
          }),
      },
      caller,
    );
    return Buffer.from(output, "base64").toString("utf8");
  };
  try {
    return await read(true);
  } catch (thrown) {
    if (!isRefusal(thrown, /^(UnsupportedOperation|Unsupported|InvalidParameterCombination)$/))
      throw thrown;
    return await read(false);
  }
}
