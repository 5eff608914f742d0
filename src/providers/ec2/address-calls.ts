import type { Filter } from "@aws-sdk/client-ec2";

import type { Caller } from "../../cloud/caller.ts";
import type { Ec2Api } from "./client.ts";
import { isNotFound } from "./failures.ts";
import { type Tags, tagsOf, toTagList } from "./tags.ts";

export interface Ec2Address {
  readonly allocation: string;
  readonly association: string | undefined;
  readonly instance: string | undefined;
  readonly ip: string;
  readonly tags: Tags;
}

/** Elastic addresses. */
export async function listAddresses(
  api: Ec2Api,
  filters: readonly Filter[],
  caller: Caller,
): Promise<readonly Ec2Address[]> {
  const answer = await api.call(
    {
      action: "DescribeAddresses",
      what: "list the elastic addresses",
      command: (sdk) => new sdk.DescribeAddressesCommand({ Filters: [...filters] }),
    },
    caller,
  );
  return (answer.Addresses ?? []).map((address) => ({
    allocation: address.AllocationId ?? "",
    association: given(address.AssociationId),
    instance: given(address.InstanceId),
    ip: address.PublicIp ?? "",
    tags: tagsOf(address.Tags),
  }));
}

/** @throws AnswerLostError */
export async function allocateAddress(
  api: Ec2Api,
  tags: Tags,
  caller: Caller,
): Promise<Pick<Ec2Address, "allocation" | "ip">> {
  const answer = await api.call(
    {
      action: "AllocateAddress",
      what: "allocate an elastic address",
      command: (sdk) =>
        new sdk.AllocateAddressCommand({
          Domain: "vpc",
          TagSpecifications: [{ ResourceType: "elastic-ip", Tags: toTagList(tags) }],
        }),
      isRepeatable: false,
      mustFinish: true,
    },
    caller,
  );
  return { allocation: answer.AllocationId ?? "", ip: answer.PublicIp ?? "" };
}

export async function associateAddress(
  api: Ec2Api,
  allocation: string,
  instance: string,
  caller: Caller,
): Promise<void> {
  await api.call(
    {
      action: "AssociateAddress",
      what: `give the elastic address to the instance ${instance}`,
      command: (sdk) =>
        new sdk.AssociateAddressCommand({
          AllocationId: allocation,
          InstanceId: instance,
          AllowReassociation: true,
        }),
    },
    caller,
  );
}

export async function releaseAddress(
  api: Ec2Api,
  { allocation, association, ip }: Ec2Address,
  caller: Caller,
): Promise<void> {
  try {
    if (association !== undefined) {
      await api
        .call(
          {
            action: "DisassociateAddress",
            what: `take away the elastic address ${ip}`,
            command: (sdk) => new sdk.DisassociateAddressCommand({ AssociationId: association }),
          },
          caller,
        )
        .catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
    }
    await api.call(
      {
        action: "ReleaseAddress",
        what: `release the elastic address ${ip}`,
        command: (sdk) => new sdk.ReleaseAddressCommand({ AllocationId: allocation }),
      },
      caller,
    );
  } catch (thrown) {
    if (!isNotFound(thrown)) throw thrown;
  }
}

function given(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
