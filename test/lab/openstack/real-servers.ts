import { RecordServers, type ServerRecord } from "../record-servers.ts";
import type { ControlPlane } from "./control-plane.ts";

interface ServerDetail {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly addresses: Readonly<
    Record<string, readonly { readonly addr: string; readonly "OS-EXT-IPS:type": string }[]>
  >;
  readonly "OS-EXT-STS:task_state": string | null;
  readonly "OS-EXT-SRV-ATTR:user_data": string | null;
}

/** From this micro-version on Nova shows administrators what user-data a server was given. */
const SHOWS_USER_DATA = { "openstack-api-version": "compute 2.3" };

/**
 * Makes the servers of a control plane real: Nova's fake driver boots none, so each of its records gets one of this
 * computer. What the fake driver pretends is done to them: reboots, and the console log.
 *
 * @param others Further servers beside Nova's, such as a jump host.
 */
export async function startRealServers(
  plane: ControlPlane,
  others: readonly ServerRecord[] = [],
): Promise<RecordServers> {
  const servers = await RecordServers.start({
    network: plane.plan.network,
    records: async () => [...(await readRecords(plane)), ...others],
  });
  plane.front.stand = async (method, path, body) => {
    const id = /^\/compute\/v2\.1\/servers\/([^/]+)\/action$/.exec(path)?.[1];
    if (method !== "POST" || id === undefined) return undefined;
    const action = JSON.parse(body) as {
      readonly reboot?: { readonly type: "SOFT" | "HARD" };
      readonly "os-getConsoleOutput"?: unknown;
    };
    if (action["os-getConsoleOutput"] !== undefined)
      return {
        status: 200,
        body: JSON.stringify({ output: (await servers.console(id)) ?? "" }),
      };
    if (action.reboot !== undefined)
      await servers.reboot(id, action.reboot.type === "SOFT" ? "soft" : "hard");
    return undefined;
  };
  return servers;
}

async function readRecords({ admin }: ControlPlane): Promise<readonly ServerRecord[]> {
  const { servers } = (await admin.call(
    "GET",
    "compute",
    "/v2.1/servers/detail?all_tenants=1",
    undefined,
    SHOWS_USER_DATA,
  )) as { readonly servers: readonly ServerDetail[] };
  return servers.flatMap((server) => {
    const fixed = Object.values(server.addresses)
      .flat()
      .find((address) => address["OS-EXT-IPS:type"] === "fixed");
    const isGone = server["OS-EXT-STS:task_state"] === "deleting";
    if (isGone || fixed === undefined || ["BUILD", "ERROR", "DELETED"].includes(server.status))
      return [];
    const userData = server["OS-EXT-SRV-ATTR:user_data"] ?? "";
    return [
      {
        id: server.id,
        address: fixed.addr,
        userData: Buffer.from(userData, "base64").toString("utf8"),
        // Nova makes a host name of a name in the same way.
        hostname: server.name.replaceAll(/[^A-Za-z0-9-]/g, "-").toLowerCase(),
      },
    ];
  });
}
