/** An IP address, or a block of them, as bytes. */
export interface IpBlock {
  readonly family: 4 | 6;
  /** 4 or 16 bytes. */
  readonly bytes: readonly number[];
  /** 0-32 or 0-128; the full length for a single address. */
  readonly prefix: number;
}

export type ParsedIp =
  | { readonly ok: true; readonly block: IpBlock }
  | { readonly ok: false; readonly reason: string };

const refuse = (reason: string): ParsedIp => ({ ok: false, reason });

function parseIpv4Bytes(text: string): number[] | string {
  const parts = text.split(".");
  if (parts.length !== 4) return "an IPv4 address has four numbers with dots between them";
  const bytes: number[] = [];
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part)) return `"${part}" is not a number from 0 to 255`;
    // 010 is 8 to some programs and 10 to others.
    if (part.length > 1 && part.startsWith("0")) return `"${part}" has a leading zero`;
    const value = Number(part);
    if (value > 255) return `"${part}" is not a number from 0 to 255`;
    bytes.push(value);
  }
  return bytes;
}

function parseIpv6Groups(text: string): number[] | string {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1 && part.includes(".")) {
      const bytes = parseIpv4Bytes(part);
      if (typeof bytes === "string") return bytes;
      groups.push(
        ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0),
        ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0),
      );
      continue;
    }
    if (!/^[0-9a-fA-F]{1,4}$/.test(part))
      return `"${part}" is not a group of 1 to 4 hexadecimal digits`;
    groups.push(Number.parseInt(part, 16));
  }
  return groups;
}

function parseIpv6Bytes(text: string): number[] | string {
  if (text.includes("%")) return "an address with a zone (%) means something on one host only";
  const halves = text.split("::");
  if (halves.length > 2) return '"::" may stand only once';
  const head = parseIpv6Groups(halves[0] ?? "");
  if (typeof head === "string") return head;
  let groups = head;
  if (halves.length === 2) {
    if ((halves[0] ?? "").includes(".")) return "the IPv4 part must come last";
    const tail = parseIpv6Groups(halves[1] ?? "");
    if (typeof tail === "string") return tail;
    const missing = 8 - head.length - tail.length;
    if (missing < 1) return '"::" stands for at least one group, and there are eight in all';
    groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  }
  if (groups.length !== 8) return "an IPv6 address has eight groups";
  return groups.flatMap((group) => [group >> 8, group & 0xff]);
}

/** Parses one address, IPv4 or IPv6, without a prefix length. */
export function parseAddress(text: string): ParsedIp {
  const bytes = text.includes(":") ? parseIpv6Bytes(text) : parseIpv4Bytes(text);
  if (typeof bytes === "string") return refuse(bytes);
  return {
    ok: true,
    block: { family: bytes.length === 4 ? 4 : 6, bytes, prefix: bytes.length * 8 },
  };
}

/** The first address of a block, with the bits behind the prefix cleared. */
function clearHostBits(bytes: readonly number[], prefix: number): number[] {
  return bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefix - index * 8));
    return byte & (0xff << (8 - kept)) & 0xff;
  });
}

/** Parses an address or a block in CIDR form: "192.0.2.7", "10.0.0.0/8", "2001:db8::/32". Never throws. */
export function parseAddressBlock(text: string): ParsedIp {
  const slash = text.indexOf("/");
  if (slash === -1) return parseAddress(text);
  const address = parseAddress(text.slice(0, slash));
  if (!address.ok) return address;
  const length = text.slice(slash + 1);
  const most = address.block.bytes.length * 8;
  if (!/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > most) {
    return refuse(`the prefix length after "/" must be a number from 0 to ${most}`);
  }
  const prefix = Number(length);
  const first = clearHostBits(address.block.bytes, prefix);
  if (first.some((byte, index) => byte !== address.block.bytes[index])) {
    const block: IpBlock = { ...address.block, bytes: first, prefix };
    return refuse(`the address has bits behind the prefix; the block is ${formatBlock(block)}`);
  }
  return { ok: true, block: { ...address.block, prefix } };
}

/** The usual text of a block; IPv6 in the short form of RFC 5952. */
export function formatBlock(block: IpBlock): string {
  const suffix = block.prefix === block.bytes.length * 8 ? "" : `/${block.prefix}`;
  if (block.family === 4) return block.bytes.join(".") + suffix;
  const groups: number[] = [];
  for (let index = 0; index < 16; index += 2) {
    groups.push(((block.bytes[index] ?? 0) << 8) | (block.bytes[index + 1] ?? 0));
  }
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = (part: readonly number[]): string =>
    part.map((group) => group.toString(16)).join(":");
  const text =
    best.start === -1
      ? hex(groups)
      : `${hex(groups.slice(0, best.start))}::${hex(groups.slice(best.start + best.length))}`;
  return text + suffix;
}
