import { generateKeyPairSync, randomBytes } from "node:crypto";

/** An ed25519 key pair that was made on the controller: a host's, or a user's. */
export interface KeyPair {
  /** OpenSSH's own format, without a passphrase. A secret. */
  readonly privateKey: string;
  /** `ssh-ed25519 BASE64`, and the comment where there is one; no newline. */
  readonly publicKey: string;
}

/** Makes an ed25519 key pair; `comment`: default none. The format is that of OpenSSH's PROTOCOL.key: older servers read no other for ed25519. */
export function makeKeyPair(comment = ""): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const point = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  const seed = privateKey.export({ type: "pkcs8", format: "der" }).subarray(-32);
  const type = Buffer.from("ssh-ed25519");
  const blob = Buffer.concat([field(type), field(point)]);
  // Twice the same number: how a reader sees that it deciphered well.
  const check = randomBytes(4);
  const open = Buffer.concat([
    check,
    check,
    field(type),
    field(point),
    field(Buffer.concat([seed, point])),
    field(Buffer.from(comment)),
  ]);
  const padding = Buffer.from(
    Array.from({ length: (8 - (open.length % 8)) % 8 }, (_, index) => index + 1),
  );
  const body = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    field(Buffer.from("none")),
    field(Buffer.from("none")),
    field(Buffer.alloc(0)),
    number(1),
    field(blob),
    field(Buffer.concat([open, padding])),
  ]);
  const lines = body.toString("base64").match(/.{1,70}/g) ?? [];
  return {
    privateKey: [
      "-----BEGIN OPENSSH PRIVATE KEY-----",
      ...lines,
      "-----END OPENSSH PRIVATE KEY-----",
      "",
    ].join("\n"),
    publicKey: ["ssh-ed25519", blob.toString("base64"), comment].join(" ").trimEnd(),
  };
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function field(bytes: Buffer): Buffer {
  return Buffer.concat([number(bytes.length), bytes]);
}
