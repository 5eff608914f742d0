/** A line of authorized_keys, taken apart. */
export interface PublicKey {
  /** Such as "ssh-ed25519". */
  readonly type: string;
  readonly base64: string;
  readonly comment: string;
  /** What stands before the type: `from="10.0.0.0/8",no-pty`. */
  readonly options: string;
}

export type ParsedKey =
  | { readonly ok: true; readonly key: PublicKey }
  | { readonly ok: false; readonly reason: string; readonly hint: string };

const KEY_TYPES = [
  "ssh-ed25519",
  "ssh-rsa",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "sk-ssh-ed25519@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
] as const;
type KeyType = (typeof KEY_TYPES)[number];

const MINIMUM_RSA_BITS = 2048;
const MAKE_ONE = "Make one with `ssh-keygen -t ed25519`.";

const refuse = (reason: string, hint: string): ParsedKey => ({ ok: false, reason, hint });
const isKeyType = (word: string): word is KeyType =>
  (KEY_TYPES as readonly string[]).includes(word);

/** True where the text holds a private key, whatever else it holds. Such text is never shown. */
export function holdsPrivateKey(text: string): boolean {
  return /BEGIN [A-Z0-9 ]*PRIVATE KEY/.test(text) || /PuTTY-User-Key-File/.test(text);
}

/** The words of a line; spaces inside double quotes do not part them (options may hold commands). */
function splitWords(line: string): { readonly words: string[]; readonly isClosed: boolean } {
  const words: string[] = [];
  let word = "";
  let isQuoted = false;
  for (let index = 0; index < line.length; index++) {
    const character = line[index] ?? "";
    if (character === "\\" && isQuoted && line[index + 1] === '"') {
      word += '\\"';
      index++;
    } else if (!isQuoted && (character === " " || character === "\t")) {
      if (word !== "") words.push(word);
      word = "";
    } else {
      if (character === '"') isQuoted = !isQuoted;
      word += character;
    }
  }
  if (word !== "") words.push(word);
  return { words, isClosed: !isQuoted };
}

/** The fields of a key blob (RFC 4253 strings: four bytes of length, then the bytes); undefined where it is cut short. */
function readBlobFields(blob: Buffer): Buffer[] | undefined {
  const fields: Buffer[] = [];
  let offset = 0;
  while (offset < blob.length) {
    if (offset + 4 > blob.length) return undefined;
    const length = blob.readUInt32BE(offset);
    offset += 4;
    if (offset + length > blob.length) return undefined;
    fields.push(blob.subarray(offset, offset + length));
    offset += length;
  }
  return fields;
}

const bitLength = (number: Buffer): number => {
  const start = number.findIndex((byte) => byte !== 0);
  if (start === -1) return 0;
  return (number.length - start - 1) * 8 + (32 - Math.clz32(number[start] ?? 0));
};

const POINT_BYTES: Readonly<Record<string, number>> = { nistp256: 65, nistp384: 97, nistp521: 133 };

/** What is wrong with the fields behind the type, or undefined. */
function checkFields(type: KeyType, fields: readonly Buffer[]): string | undefined {
  const [, first, second] = fields;
  const isPoint = (point: Buffer | undefined, curve: string): boolean =>
    point !== undefined && point.length === POINT_BYTES[curve] && point[0] === 4;
  switch (type) {
    case "ssh-ed25519":
      return fields.length === 2 && first?.length === 32
        ? undefined
        : "its key is not 32 bytes long";
    case "sk-ssh-ed25519@openssh.com":
      return fields.length === 3 && first?.length === 32
        ? undefined
        : "its key is not 32 bytes long";
    case "ssh-rsa": {
      if (fields.length !== 3 || second === undefined) return "it does not hold two numbers";
      const bits = bitLength(second);
      return bits < MINIMUM_RSA_BITS
        ? `it is an RSA key of ${bits} bits; ${MINIMUM_RSA_BITS} is the least`
        : undefined;
    }
    case "ecdsa-sha2-nistp256":
    case "ecdsa-sha2-nistp384":
    case "ecdsa-sha2-nistp521": {
      const curve = type.slice("ecdsa-sha2-".length);
      return fields.length === 3 && first?.toString("latin1") === curve && isPoint(second, curve)
        ? undefined
        : "its curve or point does not fit its type";
    }
    case "sk-ecdsa-sha2-nistp256@openssh.com":
      return fields.length === 4 &&
        first?.toString("latin1") === "nistp256" &&
        isPoint(second, "nistp256")
        ? undefined
        : "its curve or point does not fit its type";
  }
}

/**
 * Parses one line of authorized_keys: options, type, base64, comment. Never throws, and never repeats the
 * text in its reasons: it may be a secret pasted by mistake.
 */
export function parsePublicKey(line: string): ParsedKey {
  if (holdsPrivateKey(line)) {
    return refuse(
      "this is a PRIVATE key",
      "Take it out of the config now, and give the public half (the .pub file). If the config was stored or shared, make a new key pair.",
    );
  }
  if (/[\r\n]/.test(line.trim())) {
    return refuse("a key is one line", "Give each key as an entry of its own, or name a file.");
  }
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(line)) {
    return refuse("the line holds control characters", "Copy the .pub file's line again.");
  }
  const { words, isClosed } = splitWords(line.trim());
  if (!isClosed) return refuse("a quote in its options is never closed", "Close the quote.");
  const typeIndex = words
    .slice(0, 2)
    .findIndex((word) => isKeyType(word) || /^(ssh|ecdsa|sk)-/.test(word));
  const type = words[typeIndex];
  if (type === undefined) {
    return refuse(
      "this is not a public key: no key type was found",
      `A key looks like "ssh-ed25519 AAAA… comment". ${MAKE_ONE}`,
    );
  }
  if (type === "ssh-dss")
    return refuse("DSA keys (ssh-dss) are broken and no longer taken", MAKE_ONE);
  if (type.includes("-cert-v01@")) {
    return refuse(
      "this is a certificate, not a public key",
      "Give the public key that it was made for.",
    );
  }
  if (!isKeyType(type))
    return refuse("its key type is not known", `Known types: ${KEY_TYPES.join(", ")}.`);
  const base64 = words[typeIndex + 1];
  if (base64 === undefined)
    return refuse("the key itself is missing behind its type", "Copy the whole line.");
  const blob = Buffer.from(base64, "base64");
  if (blob.toString("base64").replace(/=+$/, "") !== base64.replace(/=+$/, "")) {
    return refuse(
      "its base64 text does not decode",
      "Copy the whole line again; it may have been broken or cut.",
    );
  }
  const fields = readBlobFields(blob);
  if (fields === undefined || fields.length === 0) {
    return refuse("the key is cut short", "Copy the whole line again.");
  }
  if (fields[0]?.toString("latin1") !== type) {
    return refuse(
      "the key inside is of another type than the line says",
      "Copy the whole line again.",
    );
  }
  const wrong = checkFields(type, fields);
  if (wrong !== undefined) return refuse(wrong, MAKE_ONE);
  return {
    ok: true,
    key: {
      type,
      base64,
      comment: words.slice(typeIndex + 2).join(" "),
      options: typeIndex === 1 ? (words[0] ?? "") : "",
    },
  };
}

/** The line as it is written to authorized_keys. */
export function formatPublicKey(key: PublicKey): string {
  return [key.options, key.type, key.base64, key.comment].filter((word) => word !== "").join(" ");
}

/** True where both are the same key, whatever their options and comments. */
export function isSameKey(a: PublicKey, b: PublicKey): boolean {
  return a.type === b.type && a.base64.replace(/=+$/, "") === b.base64.replace(/=+$/, "");
}
