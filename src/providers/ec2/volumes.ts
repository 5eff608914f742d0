import type { Caller } from "../../cloud/caller.ts";
import type { Ec2Api } from "./client.ts";
import { isNotFound } from "./failures.ts";
import { tagFilters, type Tags, tagsOf } from "./tags.ts";

export interface Ec2Volume {
  readonly id: string;
  /** available: nothing uses it. */
  readonly state: string;
  readonly tags: Tags;
}

export async function listVolumes(
  api: Ec2Api,
  tags: Tags,
  caller: Caller,
): Promise<readonly Ec2Volume[]> {
  const answer = await api.call(
    {
      action: "DescribeVolumes",
      what: "look for volumes that were left",
      command: (sdk) => new sdk.DescribeVolumesCommand({ Filters: tagFilters(tags) }),
    },
    caller,
  );
  return (answer.Volumes ?? []).map((volume) => ({
    id: volume.VolumeId ?? "",
    state: volume.State ?? "",
    tags: tagsOf(volume.Tags),
  }));
}

export async function deleteVolume(api: Ec2Api, id: string, caller: Caller): Promise<void> {
  try {
    await api.call(
      {
        action: "DeleteVolume",
        what: `delete the volume ${id}`,
        command: (sdk) => new sdk.DeleteVolumeCommand({ VolumeId: id }),
      },
      caller,
    );
  } catch (thrown) {
    if (!isNotFound(thrown)) throw thrown;
  }
}
