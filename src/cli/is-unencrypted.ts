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
