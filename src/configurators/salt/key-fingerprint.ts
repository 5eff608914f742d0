import { createHash } from "node:crypto";

/**
 * The fingerprint of a public key in PEM as Salt counts it: SHA-256 over the lines between the first and the last one, each with
 * its newline (salt/utils/crypt.py, pem_finger). What `salt-key --finger-all` and `master_finger` say.
 */
export function keyFingerprint(pem: string): string {
  const lines = pem.split("\n").filter((line) => line.trim() !== "");
  const body = lines.slice(1, -1).map((line) => `${line}\n`);
  const digest = createHash("sha256").update(body.join("")).digest("hex");
  return (digest.match(/../g) ?? []).join(":");
}
