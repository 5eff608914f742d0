/** Pure arithmetic of the servers' private network. */

/** Tried in this order; chosen among little-used private ranges, 1000 servers each. */
export const NETWORK_CANDIDATES: readonly string[] = [
  "10.213.0.0/22",
  "10.197.64.0/22",
  "172.29.212.0/22",
  "10.171.128.0/22",
  "192.168.236.0/22",
  "172.27.180.0/22",
  "10.139.44.0/22",
];

export interface Ipv4Network {
  /** First address, as a number. */
  readonly base: number;
  readonly prefixLength: number;
}

export function parseIpv4(address: string): number {
  let value = 0;
  for (const part of address.split(".")) value = value * 256 + Number(part);
  return value;
}

export function formatIpv4(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

/** Reads "10.88.0.0/22"; a bare address is a network of one. */
export function parseNetwork(text: string): Ipv4Network {
  const [address = "", length = "32"] = text.split("/");
  const prefixLength = Number(length);
  const size = 2 ** (32 - prefixLength);
  return { base: Math.floor(parseIpv4(address) / size) * size, prefixLength };
}

export function overlaps(one: Ipv4Network, other: Ipv4Network): boolean {
  const shorter = Math.min(one.prefixLength, other.prefixLength);
  const size = 2 ** (32 - shorter);
  return Math.floor(one.base / size) === Math.floor(other.base / size);
}

/** The first candidate that overlaps none of the networks in use. */
export function chooseNetwork(
  inUse: readonly string[],
  candidates: readonly string[] = NETWORK_CANDIDATES,
): string | undefined {
  const taken = inUse.map(parseNetwork);
  return candidates.find((candidate) => {
    const network = parseNetwork(candidate);
    return !taken.some((other) => other.prefixLength > 0 && overlaps(network, other));
  });
}

/** The bridge's own address: the first of the network. */
export function gatewayOf(network: string): string {
  return formatIpv4(parseNetwork(network).base + 1);
}

/** The lowest free address of the network; undefined when none is left. First, gateway and broadcast are never given out. */
export function allocateAddress(network: string, used: ReadonlySet<string>): string | undefined {
  const { base, prefixLength } = parseNetwork(network);
  const last = base + 2 ** (32 - prefixLength) - 2;
  for (let value = base + 2; value <= last; value += 1) {
    const address = formatIpv4(value);
    if (!used.has(address)) return address;
  }
  return undefined;
}

/** The IPv6 address that goes with an IPv4 one: same place in the unique-local /64. */
export function ipv6For(prefix: string, network: string, address: string): string {
  return `${prefix}::${(parseIpv4(address) - parseNetwork(network).base).toString(16)}`;
}
