import { setTimeout as sleep } from "node:timers/promises";

import { AdminApi, type Json, logIn } from "./admin-api.ts";
import { type Plan, REGION, urlOf } from "./plan.ts";

interface Named extends Json {
  readonly id: string;
  readonly name: string;
}

/** Users and projects that tests work with; all have the plan's password. */
export const USER = "demo";
/** `tight` may have one server. */
export const PROJECTS = ["demo", "tight"] as const;

/** The user that the services are to each other, and the catalogue. Needed before they are started. */
export async function makeIdentities(plan: Plan): Promise<void> {
  const admin = await AdminApi.logIn(plan);
  const create = async (path: string, key: string, body: Json): Promise<string> =>
    ((await admin.call("POST", "identity", path, { [key]: body }))[key] as Named).id;
  const front = urlOf(plan, "front");
  for (const [type, name, inner, outer] of [
    ["placement", "placement", urlOf(plan, "placement"), urlOf(plan, "placement")],
    ["image", "glance", urlOf(plan, "image"), `${front}/image`],
    ["network", "neutron", urlOf(plan, "network"), `${front}/network`],
    ["compute", "nova", `${urlOf(plan, "compute")}/v2.1`, `${front}/compute/v2.1`],
  ] as const) {
    const service = await create("/v3/services", "service", { type, name });
    for (const [kind, url] of Object.entries({ public: outer, internal: inner, admin: inner }))
      await create("/v3/endpoints", "endpoint", {
        service_id: service,
        interface: kind,
        url,
        region_id: REGION,
      });
  }
  const roles = new Map<string, string>(
    (await admin.list<Named>("identity", "/v3/roles", "roles")).map(({ id, name }) => [name, id]),
  );
  roles.set(
    "service",
    roles.get("service") ?? (await create("/v3/roles", "role", { name: "service" })),
  );
  const domain = "default";
  const projects = new Map<string, string>();
  for (const name of ["service", ...PROJECTS])
    projects.set(name, await create("/v3/projects", "project", { name, domain_id: domain }));
  const users: readonly (readonly [string, Readonly<Record<string, readonly string[]>>])[] = [
    ["service", { service: ["admin", "service"] }],
    [USER, { demo: ["member", "reader"], tight: ["member"] }],
  ];
  for (const [name, granted] of users) {
    const user = await create("/v3/users", "user", {
      name,
      domain_id: domain,
      password: plan.password,
    });
    for (const [project, names] of Object.entries(granted)) {
      for (const role of names)
        await admin.call(
          "PUT",
          "identity",
          `/v3/projects/${projects.get(project)}/users/${user}/roles/${roles.get(role)}`,
        );
    }
  }
}

/** Images, flavors, networks, quotas; ends when there is a host to put servers on. */
export async function makeContent(plan: Plan): Promise<void> {
  const admin = await AdminApi.logIn(plan);
  const projects = new Map(
    (await admin.list<Named>("identity", "/v3/projects", "projects")).map(({ id, name }) => [
      name,
      id,
    ]),
  );
  await Promise.all([
    makeImages(admin),
    makeFlavors(admin),
    makeNetworks(admin, projects.get("demo") ?? "", projects.get("tight") ?? ""),
    setQuotas(admin, projects),
  ]);
  await waitForHost(admin);
}

async function makeImages(admin: AdminApi): Promise<void> {
  for (const [name, properties] of [
    ["debian-12", { os_distro: "debian", os_version: "12" }],
    ["debian-13", { os_distro: "debian", os_version: "13" }],
    ["tiny", {}],
  ] as const) {
    const image = (await admin.call("POST", "image", "/v2/images", {
      name,
      disk_format: "raw",
      container_format: "bare",
      visibility: "public",
      min_disk: 1,
      ...properties,
    })) as Named;
    // Nothing is ever booted from it.
    await admin.call("PUT", "image", `/v2/images/${image.id}/file`, new Uint8Array(4096));
  }
}

async function makeFlavors(admin: AdminApi): Promise<void> {
  for (const [name, vcpus, ram, disk] of [
    ["m1.tiny", 1, 512, 1],
    ["m1.small", 1, 2048, 20],
    ["m1.medium", 2, 4096, 40],
    // Fits no host.
    ["m1.huge", 4096, 262_144, 40],
  ] as const)
    await admin.call("POST", "compute", "/v2.1/flavors", { flavor: { name, vcpus, ram, disk } });
}

/** `private`, `single` and `six` in demo, `only` in tight; and `public`, where floating addresses come from. */
async function makeNetworks(admin: AdminApi, demo: string, tight: string): Promise<void> {
  const network = async (body: Json, subnet: Json): Promise<Json> => {
    const { id } = (await admin.call("POST", "network", "/v2.0/networks", { network: body }))[
      "network"
    ] as Named;
    const made = await admin.call("POST", "network", "/v2.0/subnets", {
      subnet: { network_id: id, ip_version: 4, ...subnet },
    });
    return { network: id, subnet: (made["subnet"] as Named).id };
  };
  const own = await network(
    { name: "private", project_id: demo },
    {
      cidr: admin.plan.network,
      project_id: demo,
      allocation_pools: [{ start: addressIn(admin.plan, 10), end: addressIn(admin.plan, 199) }],
    },
  );
  await network(
    { name: "single", project_id: demo },
    // One address alone: whoever comes next gets it again.
    {
      cidr: admin.plan.network,
      project_id: demo,
      allocation_pools: [{ start: addressIn(admin.plan, 200), end: addressIn(admin.plan, 200) }],
    },
  );
  await network(
    { name: "six", project_id: demo },
    // For documentation; nothing is started for its servers. https://www.rfc-editor.org/rfc/rfc3849
    {
      cidr: "2001:db8:91::/64",
      project_id: demo,
      ip_version: 6,
      ipv6_address_mode: "slaac",
      ipv6_ra_mode: "slaac",
    },
  );
  await network(
    { name: "only", project_id: tight },
    // For documentation as well; nothing is started for its servers.
    { cidr: "198.51.100.0/24", project_id: tight },
  );
  const outside = await network(
    {
      name: "public",
      "router:external": true,
      "provider:network_type": "flat",
      "provider:physical_network": "outside",
    },
    // For documentation: nobody is there. https://www.rfc-editor.org/rfc/rfc5737
    { cidr: "203.0.113.0/24", enable_dhcp: false },
  );
  const router = (
    await admin.call("POST", "network", "/v2.0/routers", {
      router: {
        name: "router",
        project_id: demo,
        external_gateway_info: { network_id: outside["network"] },
      },
    })
  )["router"] as Named;
  await admin.call("PUT", "network", `/v2.0/routers/${router.id}/add_router_interface`, {
    subnet_id: own["subnet"],
  });
}

function addressIn({ network }: Plan, last: number): string {
  return network.replace(/0\/24$/, String(last));
}

async function setQuotas(admin: AdminApi, projects: ReadonlyMap<string, string>): Promise<void> {
  const plenty = { instances: 300, cores: -1, ram: -1, metadata_items: 128, force: true };
  const { demo, tight } = Object.fromEntries(projects);
  await admin.call("PUT", "compute", `/v2.1/os-quota-sets/${demo}`, { quota_set: plenty });
  await admin.call("PUT", "compute", `/v2.1/os-quota-sets/${tight}`, {
    quota_set: { ...plenty, instances: 1 },
  });
  await admin.call("PUT", "network", `/v2.0/quotas/${demo}`, {
    quota: { security_group: 100, security_group_rule: 1000, floatingip: 100, port: 500 },
  });
}

/** The scheduler looks every other second for hosts that it does not know. */
async function waitForHost(admin: AdminApi): Promise<void> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const { status, text } = await admin.ask("GET", "compute", "/v2.1/os-hypervisors");
    if (status === 200 && (JSON.parse(text) as { hypervisors: unknown[] }).hypervisors.length > 0)
      return;
    if (Date.now() > deadline) throw new Error("nova-compute did not register within two minutes");
    await sleep(500);
  }
}

/** An application credential of the user for the project. */
export async function makeCredential(
  plan: Plan,
  project: (typeof PROJECTS)[number],
): Promise<{ readonly id: string; readonly secret: string }> {
  const { token, userId } = await logIn(plan, USER, project);
  const path = `/v3/users/${userId}/application_credentials`;
  const answer = await fetch(`${urlOf(plan, "identity")}${path}`, {
    method: "POST",
    headers: { "x-auth-token": token, "content-type": "application/json" },
    body: JSON.stringify({ application_credential: { name: `lab-${Date.now()}` } }),
  });
  const body = (await answer.json()) as {
    readonly application_credential: { readonly id: string; readonly secret: string };
  };
  return body.application_credential;
}
