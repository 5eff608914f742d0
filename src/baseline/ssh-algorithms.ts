import { isOpensshAtLeast, opensshVersion } from "../host/openssh-version.ts";

/**
 * Algorithms per OpenSSH version, strongest first; nothing where the version is not known.
 *
 * Post-quantum key exchange comes first, so that what is recorded today cannot be read by a later quantum computer:
 * mlkem768 since 9.9, sntrup761 since 8.5 (its name without the domain since 9.9). No SHA-1, no CBC, no MAC-then-encrypt.
 */
export function sshAlgorithms(
  version: string,
): readonly (readonly [keyword: string, value: string])[] {
  if (opensshVersion(version) === undefined) return [];
  const kex = [
    ...(isOpensshAtLeast(version, 9, 9) ? ["mlkem768x25519-sha256", "sntrup761x25519-sha512"] : []),
    ...(isOpensshAtLeast(version, 8, 5) ? ["sntrup761x25519-sha512@openssh.com"] : []),
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "diffie-hellman-group18-sha512",
    "diffie-hellman-group16-sha512",
  ];
  const ciphers = [
    "chacha20-poly1305@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-gcm@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
  ];
  const macs = [
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256-etm@openssh.com",
    "umac-128-etm@openssh.com",
  ];
  return [
    ["KexAlgorithms", kex.join(",")],
    ["Ciphers", ciphers.join(",")],
    ["MACs", macs.join(",")],
  ];
}
