import type { HostIdentity, Machine, MachineRequest, MachineStatus } from "../contract.ts";
import type { Ec2Instance } from "./instances.ts";
import type { Tags } from "./tags.ts";

/** Tags that make a thing ours. The tag Name does not: EC2 lets anything bear any name. */
export const STACK = "bootmachine-stack";
export const SERVER = "bootmachine-server";
export const TOKEN = "bootmachine-token";
const LOGIN = "bootmachine-login";
const IMAGE = "bootmachine-image";
/** How the host key is proved, and in how many of the tags below its public half stands: "injected 1". */
const HOST_PROOF = "bootmachine-host-proof";
const HOST_KEY = "bootmachine-host-key";
/** "awaited" until the instance has its elastic address, and then which one. */
const ELASTIC = "bootmachine-elastic-address";
const AWAITED = "awaited";
/** A tag's value has 256 characters at most. */
const PART = 250;

export interface Marks {
  readonly request: Pick<MachineRequest, "server" | "token">;
  readonly login: string;
  readonly image: string;
  /** The public half of the key that was injected. */
  readonly hostKey: string | undefined;
  /** Its elastic address comes after it. */
  readonly isAddressAwaited: boolean;
}

/** Tags of what belongs to a stack, or to one of its servers. */
export function ownTags(stack: string, server?: string): Tags {
  return { [STACK]: stack, ...(server === undefined ? {} : { [SERVER]: server }) };
}

/** Further tags of a new instance. */
export function instanceTags(marks: Marks): Tags {
  return {
    [TOKEN]: marks.request.token.slice(0, PART),
    [LOGIN]: marks.login,
    [IMAGE]: marks.image.slice(0, PART),
    ...(marks.isAddressAwaited ? { [ELASTIC]: AWAITED } : {}),
    ...(marks.hostKey === undefined
      ? {}
      : identityTags({ proof: "injected", keys: [marks.hostKey] })),
  };
}

/** That the address which was awaited is there. */
export function elasticTags(address: string): Tags {
  return { [ELASTIC]: address };
}

/** Whoever makes a server may be gone before its address is there: then it is not made to its end. */
export function isAddressAwaited({ tags }: Pick<Ec2Instance, "tags">): boolean {
  return tags[ELASTIC] === AWAITED;
}

/** Keys are joined and cut into parts, since a tag is short; all are written in one call. */
export function identityTags({ proof, keys }: HostIdentity): Tags {
  const text = keys.join(" ");
  const parts = Array.from({ length: Math.ceil(text.length / PART) }, (_, index) =>
    text.slice(index * PART, (index + 1) * PART),
  );
  return {
    [HOST_PROOF]: `${proof} ${parts.length}`,
    ...Object.fromEntries(parts.map((part, index) => [`${HOST_KEY}-${index + 1}`, part])),
  };
}

/** What was injected or kept; undefined: the server made its own key, and only its console shows it. */
export function identityOf({ tags }: Pick<Ec2Instance, "tags">): HostIdentity | undefined {
  const match = /^(injected|published) (\d+)$/.exec(tags[HOST_PROOF] ?? "");
  if (match === null) return undefined;
  const text = Array.from(
    { length: Number(match[2]) },
    (_, index) => tags[`${HOST_KEY}-${index + 1}`] ?? "",
  ).join("");
  const words = text.split(" ");
  const keys = words.flatMap((type, index) =>
    index % 2 === 0 ? [`${type} ${words[index + 1] ?? ""}`] : [],
  );
  return { proof: match[1] === "published" ? "published" : "injected", keys };
}

export function isOurs({ tags }: Pick<Ec2Instance, "tags">): boolean {
  return tags[STACK] !== undefined && tags[SERVER] !== undefined;
}

export function isOf({ tags }: Pick<Ec2Instance, "tags">, stack: string, server?: string): boolean {
  return (
    tags[STACK] === stack &&
    tags[SERVER] !== undefined &&
    (server === undefined || tags[SERVER] === server)
  );
}

/** On its way out, or gone and still shown, for about an hour. */
export function isGoing({ state }: Pick<Ec2Instance, "state">): boolean {
  return state === "shutting-down" || state === "terminated";
}

export function isGone({ state }: Pick<Ec2Instance, "state">): boolean {
  return state === "terminated";
}

/** EC2 ended it, not its owner: it could not start, or spare capacity was taken back. */
export function isFailed(instance: Pick<Ec2Instance, "state" | "reason">): boolean {
  const { reason } = instance;
  return (
    isGoing(instance) &&
    reason !== undefined &&
    !/^Client\.(UserInitiated|InstanceInitiated)(Shutdown|Hibernate)?$/.test(reason.code)
  );
}

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html */
export function statusOf(instance: Ec2Instance): MachineStatus {
  switch (instance.state) {
    case "running":
      return "running";
    case "stopping":
    case "stopped":
      return "stopped";
    case "shutting-down":
    case "terminated":
      return isFailed(instance) ? "failed" : "stopped";
    default:
      return "creating";
  }
}

export interface AddressSettings {
  readonly accessAddress?: "public" | "private" | undefined;
  /** Not false: it lets in as well. Default false. */
  readonly keyPair?: boolean | string;
}

export function toMachine(instance: Ec2Instance, settings: AddressSettings): Machine {
  const { tags } = instance;
  const status = statusOf(instance);
  const detail = detailOf(instance);
  return {
    id: instance.id,
    stack: tags[STACK] ?? "",
    server: tags[SERVER] ?? "",
    status: status === "running" && isAddressAwaited(instance) ? "creating" : status,
    ...(detail === undefined ? {} : { detail }),
    publicAddresses: reachableAddresses(instance, settings),
    privateAddresses: [
      ...(instance.privateIp === undefined ? [] : [instance.privateIp]),
      ...instance.ipv6,
    ],
    ...firstBootOf(tags[TOKEN], settings),
    login: { user: tags[LOGIN] ?? "root", port: 22 },
    image: tags[IMAGE] ?? instance.image,
    size: instance.type,
    ...(instance.createdAt === "" ? {} : { createdAt: instance.createdAt }),
  };
}

function firstBootOf(
  nonce: string | undefined,
  { keyPair = false }: AddressSettings,
): Pick<Machine, "firstBoot"> {
  // A key pair comes by the metadata service, also to images that read no user-data.
  return nonce === undefined ? {} : { firstBoot: { nonce, isOnlyWay: keyPair === false } };
}

function detailOf(instance: Ec2Instance): string | undefined {
  const why = instance.reason?.message;
  if (isFailed(instance)) return why ?? "EC2 gives no reason";
  if (isGoing(instance)) return "it is being terminated";
  if (instance.state === "running" && isAddressAwaited(instance))
    return "its elastic address is not there yet";
  if (instance.state === "running" || instance.state === "stopped") return undefined;
  return instance.state;
}

/** The public address, or the private one where there is none; then those of IPv6. */
function reachableAddresses(
  { publicIp, privateIp, ipv6 }: Ec2Instance,
  { accessAddress }: AddressSettings,
): readonly string[] {
  const ipv4 =
    accessAddress === "private"
      ? privateIp
      : accessAddress === "public"
        ? publicIp
        : (publicIp ?? privateIp);
  return [...(ipv4 === undefined ? [] : [ipv4]), ...ipv6];
}

/**
 * Of those that stand for one server the first is the one that stays: one whose own host key was kept, since it was set up;
 * then the oldest.
 */
export function keptFirst(instances: readonly Ec2Instance[]): readonly Ec2Instance[] {
  const isSetUp = (entry: Ec2Instance): boolean => identityOf(entry)?.proof === "published";
  return instances.toSorted(
    (one, other) =>
      Number(isSetUp(other)) - Number(isSetUp(one)) ||
      one.createdAt.localeCompare(other.createdAt) ||
      one.id.localeCompare(other.id),
  );
}
