import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

/** One host's key as it stands in a known_hosts file. */
export interface KnownHostEntry {
  /** Names and addresses as written: the alias first. */
  readonly names: readonly string[];
  /** `TYPE BASE64`. */
  readonly key: string;
}

/** A public key's fingerprint as OpenSSH prints it: `SHA256:` and base64 without padding. Takes `TYPE BASE64 [comment]`. */
export function fingerprint(publicKey: string): string {
  const base64 = publicKey.trim().split(/\s+/)[1] ?? "";
  const digest = createHash("sha256").update(Buffer.from(base64, "base64")).digest("base64");
  return `SHA256:${digest.replace(/=+$/, "")}`;
}

/** Reads known_hosts text; comments, hashed names, certificates and revoked keys are not ours and are passed over. */
export function parseKnownHosts(text: string): readonly KnownHostEntry[] {
  return text.split("\n").flatMap((line) => {
    const [names, type, base64] = line.trim().split(/\s+/);
    if (names === undefined || type === undefined || base64 === undefined) return [];
    if (names.startsWith("#") || names.startsWith("@") || names.startsWith("|")) return [];
    return [{ names: names.split(","), key: `${type} ${base64}` }];
  });
}

/** The keys pinned under an alias; empty where there are none or no file. */
export async function readPinnedKeys(file: string, alias: string): Promise<readonly string[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  return parseKnownHosts(text)
    .filter((entry) => entry.names.includes(alias))
    .map((entry) => entry.key);
}
