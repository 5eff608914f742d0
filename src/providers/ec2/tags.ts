import type { Filter, Tag } from "@aws-sdk/client-ec2";

import type { Caller } from "../../cloud/caller.ts";
import type { Ec2Api } from "./client.ts";

export type Tags = Readonly<Record<string, string>>;

export function tagsOf(tags: readonly Tag[] | undefined): Tags {
  return Object.fromEntries(
    (tags ?? []).map(({ Key: key = "", Value: value = "" }) => [key, value]),
  );
}

export function toTagList(tags: Tags): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** What bears all of these tags. */
export function tagFilters(tags: Tags): Filter[] {
  return Object.entries(tags).map(([key, value]) => ({
    Name: `tag:${key}`,
    Values: [literal(value)],
  }));
}

/** In a filter `*` and `?` stand for anything. */
export function literal(value: string): string {
  return value.replaceAll(/[\\*?]/g, String.raw`\$&`);
}

/** Adds tags, or changes them; others stay. */
export async function writeTags(
  api: Ec2Api,
  { id, name }: { readonly id: string; readonly name: string },
  tags: Tags,
  caller: Caller,
): Promise<void> {
  await api.call(
    {
      action: "CreateTags",
      what: `write tags of ${name}`,
      command: (sdk) => new sdk.CreateTagsCommand({ Resources: [id], Tags: toTagList(tags) }),
    },
    caller,
  );
}

export async function removeTags(
  api: Ec2Api,
  { id, name }: { readonly id: string; readonly name: string },
  keys: readonly string[],
  caller: Caller,
): Promise<void> {
  await api.call(
    {
      action: "DeleteTags",
      what: `remove tags of ${name}`,
      command: (sdk) =>
        new sdk.DeleteTagsCommand({ Resources: [id], Tags: keys.map((Key) => ({ Key })) }),
    },
    caller,
  );
}
