const TABLE: Uint32Array = (() => {
  const table = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte << 24;
    for (let bit = 0; bit < 8; bit++)
      value = (value & 0x80000000) !== 0 ? (value << 1) ^ 0x04c11db7 : value << 1;
    table[byte] = value >>> 0;
  }
  return table;
})();

/** The checksum that POSIX `cksum` prints: the one that every host can compute. It finds damage, not malice. */
export function posixChecksum(bytes: Uint8Array): number {
  let value = 0;
  const add = (byte: number): void => {
    value = ((value << 8) ^ (TABLE[((value >>> 24) ^ byte) & 0xff] ?? 0)) >>> 0;
  };
  for (const byte of bytes) add(byte);
  for (let length = bytes.length; length > 0; length = Math.floor(length / 256)) add(length % 256);
  return ~value >>> 0;
}
