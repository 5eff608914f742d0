import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { join, resolve } from "node:path";

import { freeNetwork } from "../record-servers.ts";

/** Everything that is decided before a control plane is started; it lies in its directory as `plan.json`. */
export interface Plan {
  readonly directory: string;
  readonly ports: Readonly<Record<PortName, number>>;
  /** Of all users and of the bus. */
  readonly password: string;
  /** The IPv4 network of the servers' fixed addresses. */
  readonly network: string;
}

const PORT_NAMES = [
  "identity",
  "placement",
  "image",
  "network",
  "compute",
  "bus",
  "busNames",
  "busNodes",
  // What the catalogue shows as public: a proxy that a test may put faults into.
  "front",
] as const;
export type PortName = (typeof PORT_NAMES)[number];

export const ADDRESS = "127.0.0.1";
export const REGION = "RegionOne";
export const PYTHON = "/usr/bin/python3";
export const PYTHON_FILES = resolve(import.meta.dirname, "python");

export async function makePlan(directory: string): Promise<Plan> {
  const ports = await freePorts(PORT_NAMES.length);
  return {
    directory,
    ports: Object.fromEntries(
      PORT_NAMES.map((name, index) => [name, ports[index]]),
    ) as Plan["ports"],
    password: randomBytes(12).toString("hex"),
    network: await freeNetwork(),
  };
}

/** Held all at once, so that no two are the same. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((done) => server.listen(0, ADDRESS, done));
      return server;
    }),
  );
  return await Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      await new Promise((done) => server.close(done));
      if (address === null || typeof address === "string") throw new Error("no port");
      return address.port;
    }),
  );
}

export type Place = "conf" | "log" | "data" | "python" | "unpacked";

export function pathIn(plan: Plan, place: Place, ...rest: readonly string[]): string {
  return join(plan.directory, place, ...rest);
}

export function urlOf(plan: Plan, port: PortName): string {
  return `http://${ADDRESS}:${plan.ports[port]}`;
}

/** Marks every process of one control plane, in its environment: by it they are found and ended, and no other's. */
export function markOf(directory: string): string {
  return `BOOTMACHINE_LAB_OPENSTACK=${directory}`;
}

/** What all programs of the control plane are started with. */
export function environmentOf(plan: Plan): Readonly<Record<string, string>> {
  const [name = "", value = ""] = markOf(plan.directory).split("=");
  return {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    LC_ALL: "C.UTF-8",
    HOME: plan.directory,
    PYTHONPATH: `${PYTHON_FILES}:${pathIn(plan, "python")}`,
    PYTHONDONTWRITEBYTECODE: "1",
    [name]: value,
  };
}
