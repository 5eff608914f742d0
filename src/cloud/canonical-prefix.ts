import { isIPv6 } from "node:net";

/**
 * A prefix as clouds write it: without the bits that do not count, and IPv6 in its short form. Otherwise a rule that is there
 * would look like another one.
 */
export function canonicalPrefix(text: string): string {
  const [address = "", length] = text.split("/");
  const isV6 = isIPv6(address);
  const bits = isV6 ? 128 : 32;
  const kept = length === undefined ? bits : Number(length);
  const base = (isV6 ? readIpv6(address) : readIpv4(address)) & mask(bits, kept);
  return `${isV6 ? writeIpv6(base) : writeIpv4(base)}/${kept}`;
}

function mask(bits: number, kept: number): bigint {
  const free = BigInt(bits - kept);
  return ((1n << BigInt(bits)) - 1n) & ~((1n << free) - 1n);
}

function readIpv4(address: string): bigint {
  return address.split(".").reduce((value, part) => value * 256n + BigInt(part), 0n);
}

function writeIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => ((value >> shift) & 255n).toString()).join(".");
}

function readIpv6(address: string): bigint {
  const [head = "", tail] = shortest(address).split("::");
  const groups = (side: string): readonly string[] => (side === "" ? [] : side.split(":"));
  const before = groups(head);
  const after = groups(tail ?? "");
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array.from({ length: zeros }, () => "0"), ...after].reduce(
    (value, group) => value * 65_536n + BigInt(`0x${group}`),
    0n,
  );
}

function writeIpv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((value >> BigInt(112 - 16 * index)) & 65_535n).toString(16),
  );
  return shortest(groups.join(":"));
}

/** RFC 5952; URLs have their addresses so. */
function shortest(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}
