import { isIPv6 } from "node:net";

import type { HostIdentity, Machine, MachineRequest, MachineStatus } from "../contract.ts";
import { automationOf, type AutomationSettings } from "./automation.ts";
import type { NovaServer } from "./nova.ts";

/** Metadata that makes a server ours. Names alone do not: Nova lets two servers have one name. */
const STACK = "bootmachine-stack";
const SERVER = "bootmachine-server";
const TOKEN = "bootmachine-token";
const LOGIN = "bootmachine-login";
const IMAGE = "bootmachine-image";
const SIZE = "bootmachine-size";
/** Public keys with commas between them: the injected one, and the next one while it is being replaced. */
const HOST_KEY = "bootmachine-host-key";
/** Whether it is still the injected one that counts. */
const HOST_PROOF = "bootmachine-host-proof";

export interface Marks {
  readonly stack: string;
  readonly request: Pick<MachineRequest, "server" | "token">;
  readonly login: string;
  readonly image: string;
  readonly size: string;
  /** The public half of the key that was injected. */
  readonly hostKey: string | undefined;
}

/** Metadata of a new server. Nova allows 255 characters a value. */
export function toMetadata(marks: Marks): Readonly<Record<string, string>> {
  return {
    [STACK]: marks.stack,
    [SERVER]: marks.request.server,
    [TOKEN]: marks.request.token,
    [LOGIN]: marks.login,
    [IMAGE]: marks.image,
    [SIZE]: marks.size,
    ...(marks.hostKey === undefined
      ? {}
      : identityMetadata({ proof: "injected", keys: [marks.hostKey] })),
  };
}

export function isOurs(server: NovaServer): boolean {
  return server.metadata[STACK] !== undefined && server.metadata[SERVER] !== undefined;
}

export function isOf(server: NovaServer, stack: string, name?: string): boolean {
  return (
    server.metadata[STACK] === stack &&
    server.metadata[SERVER] !== undefined &&
    (name === undefined || server.metadata[SERVER] === name)
  );
}

export function identityMetadata({ proof, keys }: HostIdentity): Readonly<Record<string, string>> {
  return { [HOST_KEY]: keys.join(","), [HOST_PROOF]: proof };
}

/** What was injected or kept; undefined: the server made its own key, and only its console shows it. */
export function identityOf(server: NovaServer): HostIdentity | undefined {
  const keys = server.metadata[HOST_KEY];
  if (keys === undefined) return undefined;
  const proof = server.metadata[HOST_PROOF] === "published" ? "published" : "injected";
  return { proof, keys: keys.split(",") };
}

/** From 2.69 on Nova tells of a server in a cell that is down little more than its id. */
export function isUnreadable(server: NovaServer): boolean {
  return server.name === "" && server.status === "UNKNOWN";
}

/** Being deleted, or deleted and still shown. */
export function isGoing(server: NovaServer): boolean {
  return server["OS-EXT-STS:task_state"] === "deleting" || /^(SOFT_)?DELETED$/.test(server.status);
}

/** The stack and the server that it stands for, to tell servers apart: their names may be changed by anybody. */
export function labelOf({ metadata }: NovaServer): string {
  return `${metadata[STACK]}.${metadata[SERVER]}`;
}

/** Of two that stand for one server the oldest is the one that stays. */
export function oldestFirst(servers: readonly NovaServer[]): readonly NovaServer[] {
  return servers.toSorted(
    (one, other) => one.created.localeCompare(other.created) || one.id.localeCompare(other.id),
  );
}

/** https://docs.openstack.org/api-guide/compute/server_concepts.html#server-status */
export function statusOf(server: NovaServer): MachineStatus {
  if (isGoing(server)) return "stopped";
  switch (server.status) {
    case "ERROR":
      return "failed";
    case "ACTIVE":
    case "PASSWORD":
    case "RESIZE":
    case "VERIFY_RESIZE":
    case "REVERT_RESIZE":
    case "MIGRATING":
      return "running";
    case "SHUTOFF":
    case "SUSPENDED":
    case "PAUSED":
    case "SHELVED":
    case "SHELVED_OFFLOADED":
    case "RESCUE":
      return "stopped";
    default:
      // BUILD, REBUILD, REBOOT, HARD_REBOOT, UNKNOWN, and what a newer Nova adds.
      return "creating";
  }
}

export interface AddressSettings extends AutomationSettings {
  readonly accessNetwork?: string | undefined;
  /** Not false: it is reached at a floating address, and at public IPv6 addresses of its own. Default false. */
  readonly floatingIps?: boolean | string;
  /** Not false: it lets in as well. Default false. */
  readonly keyPair?: boolean | string;
  /** The members reach one another on it, where a server has it. Default: on all. */
  readonly privateNetwork?: string;
  /** The address that Nova itself names comes first. Default false. */
  readonly usesAccessAddress?: boolean;
}

export function toMachine(server: NovaServer, settings: AddressSettings): Machine {
  const automation = statusOf(server) === "running" ? automationOf(server, settings) : undefined;
  const status = automation?.status ?? statusOf(server);
  const detail = automation?.detail ?? detailOf(server);
  const privateAddresses = fixedAddresses(server, settings.privateNetwork);
  return {
    id: server.id,
    stack: server.metadata[STACK] ?? "",
    server: server.metadata[SERVER] ?? "",
    status,
    ...(detail === undefined ? {} : { detail }),
    publicAddresses: reachableAddresses(server, settings),
    privateAddresses:
      privateAddresses.length > 0 ? privateAddresses : fixedAddresses(server, undefined),
    ...firstBootOf(server.metadata[TOKEN], settings),
    login: { user: server.metadata[LOGIN] ?? "root", port: 22 },
    image: server.metadata[IMAGE] ?? "",
    size: server.metadata[SIZE] ?? "",
    createdAt: server.created,
  };
}

function firstBootOf(
  nonce: string | undefined,
  { keyPair = false }: AddressSettings,
): Pick<Machine, "firstBoot"> {
  // A key pair comes by the metadata service, also to images that read no user-data.
  return nonce === undefined ? {} : { firstBoot: { nonce, isOnlyWay: keyPair === false } };
}

function detailOf(server: NovaServer): string | undefined {
  if (isGoing(server)) return "it is being deleted";
  if (server.status === "ERROR") return server.fault?.message ?? "Nova gives no reason";
  const task = server["OS-EXT-STS:task_state"];
  if (server.status === "ACTIVE" || server.status === "SHUTOFF") return undefined;
  return task === undefined || task === null ? server.status : `${server.status}, ${task}`;
}

/**
 * Floating addresses if there are any, and the public IPv6 ones, which need none: who comes from outside gets in there too.
 * Else those of the network that is named; else all of them. IPv4 first.
 */
function reachableAddresses(server: NovaServer, settings: AddressSettings): readonly string[] {
  const floating = Object.values(server.addresses)
    .flat()
    .filter((address) => address["OS-EXT-IPS:type"] === "floating")
    .map(({ addr }) => addr);
  const fixed = fixedAddresses(server, settings.accessNetwork);
  if (floating.length > 0) return [...floating, ...fixed.filter(isPublicIpv6)];
  // Whoever made it may be gone before its floating address was there: then it is not made to its end.
  if ((settings.floatingIps ?? false) !== false) return [];
  if (settings.usesAccessAddress !== true) return fixed;
  const named = [server.accessIPv4, server.accessIPv6].filter(
    (address): address is string => typeof address === "string" && address !== "",
  );
  return [...new Set([...named, ...fixed])];
}

/** Reached from anywhere: neither unique local (fc00::/7) nor link-local (fe80::/10), RFC 4193 and 4291. */
function isPublicIpv6(address: string): boolean {
  return isIPv6(address) && !/^(f[cd]..|fe[89ab].):/i.test(address);
}

function fixedAddresses(server: NovaServer, network: string | undefined): readonly string[] {
  return Object.entries(server.addresses)
    .filter(([name]) => network === undefined || name === network)
    .flatMap(([, addresses]) => addresses)
    .filter((address) => address["OS-EXT-IPS:type"] !== "floating")
    .toSorted((one, other) => one.version - other.version)
    .map(({ addr }) => addr);
}

export function hasFloatingAddress(server: NovaServer): boolean {
  return Object.values(server.addresses)
    .flat()
    .some((address) => address["OS-EXT-IPS:type"] === "floating");
}
