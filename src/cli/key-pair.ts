import { createPrivateKey, generateKeyPairSync, randomBytes } from "node:crypto";

/** A new ed25519 key pair in OpenSSH's own forms. */
export interface KeyPair {
  /** Text of the private key file, not encrypted. */
  readonly privateKey: string;
  /** One authorized_keys line, without newline. */
  readonly publicKey: string;
}

const KEY_TYPE = "ssh-ed25519";

/** Makes a key pair; the form is openssh-key-v1 (OpenSSH, PROTOCOL.key). */
export function makeKeyPair(comment: string): KeyPair {
  const { privateKey } = generateKeyPairSync("ed25519");
  const jwk = createPrivateKey(privateKey.export({ type: "pkcs8", format: "pem" })).export({
    format: "jwk",
  });
  const seed = Buffer.from(jwk.d ?? "", "base64url");
  const point = Buffer.from(jwk.x ?? "", "base64url");
  const publicBlob = Buffer.concat([sshString(KEY_TYPE), sshString(point)]);
  const check = randomBytes(4);
  const secret = Buffer.concat([
    check,
    check,
    sshString(KEY_TYPE),
    sshString(point),
    sshString(Buffer.concat([seed, point])),
    sshString(comment),
  ]);
  const padding = Buffer.from(
    Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1),
  );
  const blob = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    sshString("none"),
    sshString("none"),
    sshString(""),
    Buffer.from([0, 0, 0, 1]),
    sshString(publicBlob),
    sshString(Buffer.concat([secret, padding])),
  ]);
  const lines = blob.toString("base64").match(/.{1,70}/g) ?? [];
  return {
    privateKey: [
      "-----BEGIN OPENSSH PRIVATE KEY-----",
      ...lines,
      "-----END OPENSSH PRIVATE KEY-----",
      "",
    ].join("\n"),
    publicKey: `${KEY_TYPE} ${publicBlob.toString("base64")} ${comment}`,
  };
}

/** True where the private key can be used without asking for a passphrase. */
export function isUnencrypted(privateKey: string): boolean {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(privateKey)?.[1];
  if (body === undefined)
    return (
      /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(privateKey) && !privateKey.includes("ENCRYPTED")
    );
  const blob = Buffer.from(body, "base64");
  const start = "openssh-key-v1\0".length;
  const length = blob.readUInt32BE(start);
  return blob.subarray(start + 4, start + 4 + length).toString() === "none";
}

function sshString(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
