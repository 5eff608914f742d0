import { createPublicKey, type JsonWebKey } from "node:crypto";

/** What a private key file tells of its public half. */
export type DerivedKey =
  | { readonly ok: true; readonly line: string }
  /** "locked": only the passphrase would tell. */
  | { readonly ok: false; readonly reason: "locked" | "unreadable" };

const MAGIC = "openssh-key-v1\0";
const unreadable: DerivedKey = { ok: false, reason: "unreadable" };

/** An RFC 4253 string: four bytes of length, then the bytes. */
const field = (bytes: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

/** A positive number as its bytes: none is wasted, and the first bit is 0. */
const numberField = (bytes: Buffer): Buffer => {
  const start = bytes.findIndex((byte) => byte !== 0);
  const short = start === -1 ? Buffer.alloc(0) : bytes.subarray(start);
  return field(((short[0] ?? 0) & 0x80) === 0 ? short : Buffer.concat([Buffer.alloc(1), short]));
};

const makeLine = (type: string, ...fields: readonly Buffer[]): DerivedKey => ({
  ok: true,
  line: `${type} ${Buffer.concat([field(Buffer.from(type)), ...fields]).toString("base64")}`,
});

/** OpenSSH's own format holds the public key in the clear, passphrase or not (PROTOCOL.key). */
function deriveFromOpenSsh(body: string): DerivedKey {
  const bytes = Buffer.from(body, "base64");
  if (bytes.subarray(0, MAGIC.length).toString("latin1") !== MAGIC) return unreadable;
  let offset = MAGIC.length;
  const next = (): Buffer | undefined => {
    if (offset + 4 > bytes.length) return undefined;
    const length = bytes.readUInt32BE(offset);
    const value = bytes.subarray(offset + 4, offset + 4 + length);
    offset += 4 + length;
    return value.length === length ? value : undefined;
  };
  // Cipher, key derivation and its options; then how many keys there are, of which there is one.
  next();
  next();
  next();
  offset += 4;
  const blob = next();
  if (blob === undefined || blob.length < 8) return unreadable;
  const type = blob.subarray(4, 4 + blob.readUInt32BE(0)).toString("latin1");
  return { ok: true, line: `${type} ${blob.toString("base64")}` };
}

const CURVES: Readonly<Record<string, string>> = {
  "P-256": "nistp256",
  "P-384": "nistp384",
  "P-521": "nistp521",
};

function deriveFromJwk(jwk: JsonWebKey): DerivedKey {
  const bytes = (text: string | undefined): Buffer => Buffer.from(text ?? "", "base64url");
  if (jwk.kty === "RSA")
    return makeLine("ssh-rsa", numberField(bytes(jwk.e)), numberField(bytes(jwk.n)));
  if (jwk.kty === "OKP" && jwk.crv === "Ed25519")
    return makeLine("ssh-ed25519", field(bytes(jwk.x)));
  const curve = CURVES[jwk.crv ?? ""];
  if (jwk.kty !== "EC" || curve === undefined) return unreadable;
  const point = Buffer.concat([Buffer.from([4]), bytes(jwk.x), bytes(jwk.y)]);
  return makeLine(`ecdsa-sha2-${curve}`, field(Buffer.from(curve)), field(point));
}

/** True where only a passphrase opens the private key. Never throws. */
export function isLocked(text: string): boolean {
  const openSsh = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END/.exec(text);
  if (openSsh?.[1] === undefined)
    return /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(text);
  const bytes = Buffer.from(openSsh[1], "base64");
  // The first text behind the magic is the cipher's name.
  if (bytes.length < MAGIC.length + 4) return false;
  const start = MAGIC.length + 4;
  const cipher = bytes.subarray(start, start + bytes.readUInt32BE(MAGIC.length));
  return cipher.toString("latin1") !== "none";
}

/** Derives the public key line of a private key file's text. Nothing secret is read out of it. Never throws. */
export function derivePublicKey(text: string): DerivedKey {
  const openSsh = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END/.exec(text);
  if (openSsh?.[1] !== undefined) return deriveFromOpenSsh(openSsh[1]);
  try {
    return deriveFromJwk(createPublicKey(text).export({ format: "jwk" }));
  } catch {
    return { ok: false, reason: isLocked(text) ? "locked" : "unreadable" };
  }
}
