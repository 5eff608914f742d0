import { z } from "zod";

import type { Caller } from "../../cloud/caller.ts";
import type { OpenStackClient } from "./client.ts";

// Loose: an image has whatever properties its makers gave it, and a wish may ask for one.
const imageSchema = z.looseObject({
  id: z.string(),
  name: z.string().nullish(),
  status: z.string(),
  created_at: z.string().default(""),
  /** GiB. */
  min_disk: z.number().default(0),
  /** MiB. */
  min_ram: z.number().default(0),
  os_distro: z.string().nullish(),
  os_version: z.string().nullish(),
  /** Who may log in first. https://docs.openstack.org/glance/latest/admin/useful-image-properties.html */
  os_admin_user: z.string().nullish(),
  visibility: z.string().default(""),
});
export type GlanceImage = z.output<typeof imageSchema>;

const PAGE = 500;

/** Undefined where it is not there, or cannot be booted: not active. */
export async function readImage(
  client: OpenStackClient,
  id: string,
  caller: Caller,
): Promise<GlanceImage | undefined> {
  const image = await client.callIfThere(
    { service: "image", method: "GET", path: `/images/${id}`, what: `read the image ${id}` },
    imageSchema,
    caller,
  );
  return image?.status === "active" ? image : undefined;
}

/** All images that the project may boot, or those of one name. */
export async function listImages(
  client: OpenStackClient,
  name: string | undefined,
  caller: Caller,
): Promise<readonly GlanceImage[]> {
  const schema = z.object({ images: z.array(imageSchema), next: z.string().optional() });
  const images: GlanceImage[] = [];
  for (let marker: string | undefined; ;) {
    const page = await client.call(
      {
        service: "image",
        method: "GET",
        path: "/images",
        query: { status: "active", limit: PAGE, name, marker },
        what: "list the images",
      },
      schema,
      caller,
    );
    images.push(...page.images);
    const last = page.images.at(-1);
    if (page.next === undefined || last === undefined) return images;
    marker = last.id;
  }
}
