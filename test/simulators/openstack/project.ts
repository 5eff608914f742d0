import { randomUUID } from "node:crypto";

export interface SimulatedServer {
  readonly id: string;
  readonly name: string;
  readonly created: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly networks: readonly string[];
  readonly groups: readonly string[];
  readonly request: Readonly<Record<string, unknown>>;
  /** What the create told the scheduler. */
  readonly hints: unknown;
  status: string;
  /** When it leaves BUILD or REBOOT, ms since 1970. */
  settlesAt: number;
  settlesTo: string;
  addressAt: number;
  /** Lists show it from then on. */
  visibleAt: number;
  /** Lists show it until then, once it was deleted. */
  deletedAt: number | undefined;
  readonly address: string;
  readonly portId: string;
  boots: number;
  /** When it was first active; null: never yet. */
  launchedAt: string | null;
}

export interface SimulatedPort {
  readonly id: string;
  /** By name. */
  readonly network: string;
  readonly addresses: readonly string[];
}

export interface SimulatedRule {
  readonly id: string;
  readonly security_group_id: string;
  readonly [key: string]: unknown;
}

export interface SimulatedGroup {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Default: the one project that there is. */
  readonly project_id?: string;
}

export interface SimulatedServerGroup {
  readonly id: string;
  readonly name: string;
  readonly policy?: string;
  /** As a Nova before 2.64 tells it. */
  readonly policies?: readonly string[];
}

export interface SimulatedFloatingIp {
  readonly id: string;
  readonly floating_ip_address: string;
  readonly description: string;
  port_id: string | null;
}

export type SimulatedImage = Readonly<Record<string, unknown>> & {
  readonly id: string;
  readonly name: string;
};

/** What one project of the simulated cloud holds. */
export class Project {
  servers: SimulatedServer[] = [];
  groups: SimulatedGroup[] = [
    { id: randomUUID(), name: "default", description: "Default security group" },
  ];
  rules: SimulatedRule[] = [];
  floatingIps: SimulatedFloatingIp[] = [];
  keyPairs: { readonly name: string; readonly public_key: string }[] = [];
  serverGroups: SimulatedServerGroup[] = [];
  maxServers = 1000;
  zones: readonly string[] = ["nova", "east"];
  /** Networks without a router to the external one. */
  readonly unrouted = new Set<string>();
  /** Servers in a cell that is down: lists tell little more than their ids. */
  readonly hidden = new Set<string>();
  /** Addresses that every port has, of each family. */
  addressesPerPort = 1;
  /** Of networks that have not IPv4 alone, by name. */
  readonly families = new Map<string, readonly (4 | 6)[]>();
  /** What IPv6 addresses begin with: two groups. */
  prefix6 = "2001:db8";
  /** The next servers that are made have their address this much later than they are active, ms. */
  addressDelayMs = 0;
  /** So many things stand in one page of a list of Neutron. */
  networkPage = Infinity;
  /** What the console of every server says. */
  consoleText = "FAKE CONSOLE OUTPUT\n";
  #nextAddress = 10;
  #nextFloating = 0;
  #wantedAddress: string | undefined;

  images: readonly SimulatedImage[] = [
    image("debian-12", "2026-01-10", { os_distro: "debian", os_version: "12" }),
    image("debian-12", "2025-01-10", { os_distro: "debian", os_version: "12" }),
    image("debian-13", "2026-02-01", {
      os_distro: "debian",
      os_version: "13",
      os_admin_user: "admin",
    }),
    image("tiny", "2024-01-01", {}),
  ];
  readonly flavors = [
    flavor("1", "m1.tiny", 1, 512, 1),
    flavor("2", "m1.small", 1, 2048, 20),
    flavor("3", "m1.medium", 2, 4096, 40),
    flavor("9", "m1.huge", 64, 262_144, 40),
  ];
  readonly networks = [
    network("private", false),
    network("shared", false),
    network("public", true),
    { ...network("open", false), port_security_enabled: false },
  ];

  /** Of a network that is for documentation: nobody is there. */
  nextFloatingAddress(): string {
    this.#nextFloating += 1;
    return `203.0.113.${this.#nextFloating}`;
  }

  /** The next server gets this one: an address that was used before. */
  nextAddressIs(address: string): void {
    this.#wantedAddress = address;
  }

  nextAddress(): string {
    const wanted = this.#wantedAddress;
    this.#wantedAddress = undefined;
    if (wanted !== undefined) return wanted;
    this.#nextAddress += 1;
    return `10.91.${this.#nextAddress >> 8}.${this.#nextAddress & 255}`;
  }

  /** The ports of a server, one for each of its networks. */
  portsOf({ networks, portId, address }: SimulatedServer): readonly SimulatedPort[] {
    const [, , third, fourth] = address.split(".");
    const addressOf = (family: 4 | 6, place: number): string => {
      if (place === 0 && address.includes(":") === (family === 6)) return address;
      return family === 4
        ? `10.${91 + place}.${third}.${fourth}`
        : `${this.prefix6}:${91 + place}:${third}::${fourth}`;
    };
    return networks.map((network, index) => ({
      id: index === 0 ? portId : `${portId}-${index}`,
      network,
      addresses: (this.families.get(network) ?? [4]).flatMap((family) =>
        Array.from({ length: this.addressesPerPort }, (_, extra) =>
          addressOf(family, index + extra * 20),
        ),
      ),
    }));
  }

  /** Brings every server to where it is now. */
  settle(): void {
    const now = Date.now();
    this.servers = this.servers.filter(
      ({ deletedAt }) => deletedAt === undefined || deletedAt > now,
    );
    for (const server of this.servers) {
      if (server.status !== server.settlesTo && server.settlesAt <= now)
        server.status = server.settlesTo;
      // Kept for good, whatever becomes of it later.
      if (server.status === "ACTIVE")
        server.launchedAt ??= new Date(now).toISOString().slice(0, -1);
    }
  }
}

function image(
  name: string,
  day: string,
  properties: Readonly<Record<string, string>>,
): SimulatedImage {
  return {
    id: randomUUID(),
    name,
    status: "active",
    created_at: `${day}T00:00:00Z`,
    min_disk: 1,
    min_ram: 0,
    visibility: "public",
    ...properties,
  };
}

function flavor(id: string, name: string, vcpus: number, ram: number, disk: number) {
  return { id, name, vcpus, ram, disk };
}

function network(name: string, isExternal: boolean) {
  return {
    id: randomUUID(),
    name,
    subnets: [randomUUID()],
    "router:external": isExternal,
    port_security_enabled: true,
  };
}
