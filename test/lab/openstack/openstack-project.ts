import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { stringify } from "yaml";

import type { OpenStackOptions } from "../../../src/providers/openstack/options.ts";
import { StackProject } from "../stack-project.ts";
import type { Json } from "./admin-api.ts";
import type { ControlPlane } from "./control-plane.ts";

export const WISHES: OpenStackOptions = {
  cloud: "lab",
  image: "debian-12",
  size: "m1.small",
  networks: ["private"],
};

/** A user's directory with a config for the control plane, and its `clouds.yaml`. */
export async function createProject(
  plane: ControlPlane,
  prefix: string,
  servers: readonly Record<string, unknown>[],
  options: OpenStackOptions = {},
  extra: Record<string, unknown> = {},
): Promise<StackProject> {
  const project = await StackProject.create(prefix, servers, {
    provider: { name: "openstack", ...WISHES, ...options },
    upgrades: { atBoot: "none" },
    ...extra,
  });
  const environment = plane.environment();
  const clouds = {
    lab: {
      auth: {
        auth_url: environment["OS_AUTH_URL"],
        username: environment["OS_USERNAME"],
        password: environment["OS_PASSWORD"],
        project_name: environment["OS_PROJECT_NAME"],
        user_domain_name: environment["OS_USER_DOMAIN_NAME"],
        project_domain_name: environment["OS_PROJECT_DOMAIN_NAME"],
      },
      region_name: environment["OS_REGION_NAME"],
    },
  };
  await writeFile(join(project.directory, "clouds.yaml"), stringify({ clouds }), { mode: 0o600 });
  return project;
}

export interface HeldServer {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly metadata: Json;
  readonly addresses: Readonly<
    Record<string, readonly { readonly addr: string; readonly "OS-EXT-IPS:type": string }[]>
  >;
}

/** What the cloud itself holds for a stack: its servers, its floating addresses, and the names of what they share. */
export async function heldFor(
  plane: ControlPlane,
  stack: string,
): Promise<{ readonly servers: readonly HeldServer[]; readonly others: readonly string[] }> {
  const { admin } = plane;
  const all = await admin.list<HeldServer & Json>(
    "compute",
    "/v2.1/servers/detail?all_tenants=1",
    "servers",
  );
  const ids = new Set(all.map(({ id }) => id));
  const servers = all.filter(({ metadata }) => metadata["bootmachine-stack"] === stack);
  const groups = await admin.list<{ name: string }>(
    "network",
    "/v2.0/security-groups",
    "security_groups",
  );
  const ports = await admin.list<{ id: string; device_id: string; device_owner: string }>(
    "network",
    "/v2.0/ports",
    "ports",
  );
  const addresses = await admin.list<{ floating_ip_address: string; description: string }>(
    "network",
    "/v2.0/floatingips",
    "floatingips",
  );
  return {
    servers,
    others: [
      ...addresses
        .filter(({ description }) => description.includes(` ${stack}.`))
        .map((entry) => entry.floating_ip_address),
      ...groups.map(({ name }) => name).filter((name) => name === `bootmachine.${stack}`),
      // A port whose server is gone.
      ...ports
        .filter((port) => port.device_owner.startsWith("compute:") && !ids.has(port.device_id))
        .map(({ id }) => `port ${id}`),
    ],
  };
}
