import { randomUUID } from "node:crypto";

import type { SimulatorOptions } from "./simulator-options.ts";
import type { Project, SimulatedServer } from "./project.ts";
import { failure, type Reply } from "./reply.ts";

export const API_KEY = "a4bbc55a951242c48b03e88e32123456";
const TENANT = "123456";

/** PublicNet and ServiceNet: no list shows them. */
const FIXED: Readonly<Record<string, string>> = {
  "00000000-0000-0000-0000-000000000000": "public",
  "11111111-1111-1111-1111-111111111111": "private",
};

/** Version 2.0 of the identity service: an API key or a password in, a token and a catalogue out. */
export function logInToRackspace(
  url: string,
  body: Readonly<Record<string, unknown>>,
  giveToken: () => { readonly id: string; readonly expires: number },
): Reply {
  const auth = body["auth"] as {
    readonly "RAX-KSKEY:apiKeyCredentials"?: { readonly username: string; readonly apiKey: string };
    readonly passwordCredentials?: { readonly username: string; readonly password: string };
  };
  const key = auth["RAX-KSKEY:apiKeyCredentials"];
  const password = auth.passwordCredentials;
  const isGood =
    (key?.username === "demo" && key.apiKey === API_KEY) ||
    (password?.username === "demo" && password.password === "not-so-secret");
  if (!isGood)
    return {
      status: 401,
      body: {
        unauthorized: {
          code: 401,
          message: "Unable to authenticate user with credentials provided.",
        },
      },
    };
  const { id, expires } = giveToken();
  const endpoints = (path: string): unknown =>
    ["DFW", "ORD"].map((region) => ({ region, tenantId: TENANT, publicURL: `${url}${path}` }));
  return {
    status: 200,
    body: {
      access: {
        token: {
          id,
          expires: new Date(expires).toISOString(),
          tenant: { id: TENANT, name: TENANT },
        },
        serviceCatalog: [
          {
            name: "cloudServers",
            type: "compute",
            endpoints: [{ tenantId: TENANT, publicURL: `${url}/first-generation/v1.0/${TENANT}` }],
          },
          {
            name: "cloudServersOpenStack",
            type: "compute",
            endpoints: endpoints(`/compute/v2/${TENANT}`),
          },
          { name: "cloudImages", type: "image", endpoints: endpoints(`/image/v2/${TENANT}`) },
          { name: "cloudNetworks", type: "network", endpoints: endpoints("/network/v2.0") },
        ],
        user: { id: "1", name: "demo", roles: [] },
      },
    },
  };
}

/** What Rackspace refuses of a create that another cloud takes. */
export function refuseCreate(wanted: Readonly<Record<string, unknown>>): Reply | undefined {
  if (wanted["security_groups"] !== undefined)
    return failure(400, "Security groups are not supported on these networks.");
  if (wanted["user_data"] !== undefined && wanted["config_drive"] !== true)
    return failure(400, "user_data needs a config drive.");
  return undefined;
}

export function fixedNetwork(id: string): { readonly name: string } | undefined {
  const name = FIXED[id];
  return name === undefined ? undefined : { name };
}

/** The addresses of a server on the two networks, by their names. */
export function rackspaceAddresses(server: SimulatedServer): Readonly<Record<string, unknown>> {
  const last = server.address.split(".").slice(2).join(".");
  return Object.fromEntries(
    server.networks.map((name) => [
      name,
      name === "public"
        ? [
            { addr: `2001:db8::${last.replace(".", ":")}`, version: 6 },
            { addr: `198.51.${last}`, version: 4 },
          ]
        : [{ addr: server.address, version: 4 }],
    ]),
  );
}

/** The cloud's own automation on an active server, as its metadata tells it. */
export function automate(project: Project, { automation }: SimulatorOptions): void {
  if (automation === undefined) return;
  const now = Date.now();
  for (const server of project.servers) {
    if (server.status !== "ACTIVE") continue;
    const metadata = server.metadata as Record<string, string>;
    const sinceActive = now - server.settlesAt;
    if (sinceActive < automation.beginsAfterMs) continue;
    metadata[automation.key] =
      sinceActive < automation.beginsAfterMs + automation.takesMs
        ? automation.during
        : automation.endsWith;
  }
}

/** Where the cloud says that a server is reached; without PublicNet nowhere. */
export function accessAddresses(server: SimulatedServer): Readonly<Record<string, string>> {
  const last = server.address.split(".").slice(2).join(".");
  return server.networks.includes("public")
    ? { accessIPv4: `198.51.${last}`, accessIPv6: `2001:db8::${last.replace(".", ":")}` }
    : { accessIPv4: "", accessIPv6: "" };
}

/** Images with the properties of Rackspace's own. */
export function rackspaceImages(): readonly (Readonly<Record<string, unknown>> & {
  readonly id: string;
  readonly name: string;
})[] {
  const image = (name: string, day: string, version: string, distro = "debian") => ({
    id: randomUUID(),
    name,
    status: "active",
    created_at: `${day}T00:00:00Z`,
    min_disk: 20,
    min_ram: 512,
    visibility: "public",
    os_distro: distro,
    "org.openstack__1__os_distro": `org.${distro}`,
    "org.openstack__1__os_version": version,
  });
  return [
    image("Debian 12 (Bookworm)", "2026-01-10", "12"),
    image("Debian 13 (Trixie)", "2026-02-01", "13"),
    image("Ubuntu 24.04 LTS", "2026-02-01", "24.04", "ubuntu"),
  ];
}
