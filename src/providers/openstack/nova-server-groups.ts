import { z } from "zod";

import type { Caller } from "../../cloud/caller.ts";
import type { OpenStackClient } from "./client.ts";
import { ProviderError } from "../../errors/error.ts";

const serverGroupSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    policy: z.string().optional(),
    /** Before 2.64: a list of one. */
    policies: z.array(z.string()).default([]),
  })
  .transform(({ id, name, policy, policies: [first] }) => ({ id, name, policy: policy ?? first }));
export type NovaServerGroup = z.output<typeof serverGroupSchema>;

export async function listServerGroups(
  client: OpenStackClient,
  caller: Caller,
): Promise<readonly NovaServerGroup[]> {
  const { server_groups: groups } = await client.call(
    {
      service: "compute",
      method: "GET",
      path: "/os-server-groups",
      what: "list the server groups",
    },
    z.object({ server_groups: z.array(serverGroupSchema) }),
    caller,
  );
  return groups;
}

/** @returns the id. */
export async function createServerGroup(
  client: OpenStackClient,
  name: string,
  policy: string,
  caller: Caller,
): Promise<string> {
  // From 2.64 on it is one `policy`; the older list is refused there. Both are known to no version.
  const create = async (body: Readonly<Record<string, unknown>>): Promise<string> => {
    const { server_group: group } = await client.call(
      {
        service: "compute",
        method: "POST",
        path: "/os-server-groups",
        body: { server_group: { name, ...body } },
        what: `create the server group ${name}`,
      },
      z.object({ server_group: serverGroupSchema }),
      caller,
    );
    return group.id;
  };
  try {
    return await create({ policy });
  } catch (thrown) {
    if (!(thrown instanceof ProviderError) || thrown.code !== "PROVIDER_REFUSED") throw thrown;
    return await create({ policies: [policy] });
  }
}

export async function deleteServerGroup(
  client: OpenStackClient,
  id: string,
  caller: Caller,
): Promise<void> {
  await client.tellIfThere(
    {
      service: "compute",
      method: "DELETE",
      path: `/os-server-groups/${id}`,
      what: "delete a server group",
    },
    caller,
  );
}
