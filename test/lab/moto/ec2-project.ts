import type { Instance } from "@aws-sdk/client-ec2";

import type { Ec2Options } from "../../../src/providers/ec2/options.ts";
import { StackProject } from "../stack-project.ts";
import { ACCESS_KEY, type Ec2World, SECRET_KEY } from "./ec2-world.ts";
import { REGION } from "./moto-server.ts";

/** A user's directory with a config in YAML, whose commands call moto through the proxy. */
export async function createProject(
  world: Ec2World,
  prefix: string,
  servers: readonly Record<string, unknown>[],
  options: Ec2Options = {},
): Promise<StackProject> {
  // The commands find them as any user's do.
  process.env["AWS_ACCESS_KEY_ID"] = ACCESS_KEY;
  process.env["AWS_SECRET_ACCESS_KEY"] = SECRET_KEY;
  const provider = {
    name: "ec2",
    region: REGION,
    endpoint: world.proxy.url,
    image: { distro: "debian-12" },
    size: ["t3.small", "t3a.small"],
    ...options,
  };
  return await StackProject.create(prefix, servers, { provider, upgrades: { atBoot: "none" } });
}

/** What the cloud itself holds for a stack: its instances, and all else. */
export async function heldFor(
  world: Ec2World,
  stack: string,
): Promise<{ readonly instances: readonly Instance[]; readonly others: readonly string[] }> {
  const instances = (await world.instances()).filter(({ Tags: tags = [] }) =>
    tags.some(({ Key: key, Value: value }) => key === "bootmachine-stack" && value === stack),
  );
  const ids = new Set(instances.map(({ InstanceId: id }) => id));
  const volumes = new Set(
    instances.flatMap(({ BlockDeviceMappings: mappings = [] }) =>
      mappings.map(({ Ebs: ebs }) => ebs?.VolumeId),
    ),
  );
  const others = (await world.leftovers(stack)).filter((id) => !ids.has(id) && !volumes.has(id));
  return { instances, others };
}

export function tagOf({ Tags: tags = [] }: Instance, key: string): string {
  return tags.find((tag) => tag.Key === key)?.Value ?? "";
}
