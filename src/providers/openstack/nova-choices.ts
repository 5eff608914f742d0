import { z } from "zod";

import type { Caller } from "../../cloud/caller.ts";
import type { OpenStackClient } from "./client.ts";

const flavorSchema = z.object({
  id: z.string(),
  name: z.string(),
  vcpus: z.number(),
  /** MiB. */
  ram: z.number(),
  /** GiB; 0: as large as the image, or none. */
  disk: z.number(),
  "OS-FLV-DISABLED:disabled": z.boolean().optional(),
});
export type NovaFlavor = z.output<typeof flavorSchema>;

export async function listFlavors(
  client: OpenStackClient,
  caller: Caller,
): Promise<readonly NovaFlavor[]> {
  const { flavors } = await client.call(
    {
      service: "compute",
      method: "GET",
      path: "/flavors/detail",
      query: { limit: 1000 },
      what: "list the flavors",
    },
    z.object({ flavors: z.array(flavorSchema) }),
    caller,
  );
  return flavors.filter((flavor) => flavor["OS-FLV-DISABLED:disabled"] !== true);
}

const zoneSchema = z.object({ zoneName: z.string() });

/** Names of the availability zones. */
export async function listZones(
  client: OpenStackClient,
  caller: Caller,
): Promise<readonly string[]> {
  const { availabilityZoneInfo: zones } = await client.call(
    {
      service: "compute",
      method: "GET",
      path: "/os-availability-zone",
      what: "list the availability zones",
    },
    z.object({ availabilityZoneInfo: z.array(zoneSchema) }),
    caller,
  );
  return zones.map(({ zoneName }) => zoneName);
}
