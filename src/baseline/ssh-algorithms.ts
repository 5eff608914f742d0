import { isOpensshAtLeast, opensshVersion } from "../host/openssh-version.ts";

/**
 * Algorithms per OpenSSH version, strongest first; nothing where the version is not known.
 *
 * Post-quantum key exchange comes first, so that what is recorded today cannot be read by a later quantum computer:
 * mlkem768 since 9.9, sntrup761 since 8.5 (its name without the domain since 9.9). No SHA-1, no CBC, no MAC-then-encrypt.
 *
 * An RSA key, of the host or of a user, signs by SHA-2 alone: before 8.8 sshd offers SHA-1 ("ssh-rsa") as well. Host keys and
 * certificates that the host has not got are not offered.
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
  const curves = ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"];
  const rsa = ["rsa-sha2-512", "rsa-sha2-256"];
  const hostKeys = ["ssh-ed25519", ...curves, ...rsa];
  const userKeys = [
    "ssh-ed25519",
    // Keys in hardware.
    ...(isOpensshAtLeast(version, 8, 2)
      ? ["sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"]
      : []),
    ...curves,
    ...rsa,
  ];
  return [
    ["KexAlgorithms", kex.join(",")],
    ["Ciphers", ciphers.join(",")],
    ["MACs", macs.join(",")],
    ["HostKeyAlgorithms", withCertificates(hostKeys).join(",")],
    [
      // Its name before 8.5 is still understood later, but not the other way round.
      isOpensshAtLeast(version, 8, 5) ? "PubkeyAcceptedAlgorithms" : "PubkeyAcceptedKeyTypes",
      withCertificates(userKeys).join(","),
    ],
  ];
}

/** Each with the certificates that are made of it, before all plain keys: "ssh-ed25519-cert-v01@openssh.com". */
function withCertificates(types: readonly string[]): readonly string[] {
  return [
    ...types.map((type) => `${type.replace(/@openssh\.com$/u, "")}-cert-v01@openssh.com`),
    ...types,
  ];
}
