import type { KexOffer } from "./ssh-handshake.ts";

const WEAK_KEX = [/sha1($|@)/u, /-sha1-/u, /group1-/u, /^none$/u];
const WEAK_HOST_KEY = [/^ssh-rsa($|-)/u, /^ssh-dss($|-)/u, /^none$/u];
const WEAK_CIPHER = [
  /-cbc($|@)/u,
  /^3des/u,
  /^arcfour/u,
  /^blowfish/u,
  /^cast128/u,
  /^des/u,
  /^none$/u,
];
/** 64-bit tags, and hashes that are broken elsewhere. */
const WEAK_MAC = [/md5/u, /sha1($|-|@)/u, /ripemd/u, /^umac-64/u, /^none$/u];

/** The strict key exchange that closes the prefix truncation attack (CVE-2023-48795). */
const STRICT_KEX = "kex-strict-s-v00@openssh.com";

/** Weak algorithms of an offer, each as "kind name"; empty when there is none. */
export function findWeakAlgorithms(offer: KexOffer): readonly string[] {
  const pick = (kind: string, names: readonly string[], weak: readonly RegExp[]): string[] =>
    names
      .filter((name) => weak.some((pattern) => pattern.test(name)))
      .map((name) => `${kind} ${name}`);
  const weak = [
    ...pick("key exchange", offer.kex, WEAK_KEX),
    ...pick("host key", offer.hostKeys, WEAK_HOST_KEY),
    ...pick("cipher", offer.ciphers, WEAK_CIPHER),
    ...pick("mac", offer.macs, WEAK_MAC),
  ];
  const isTruncatable = offer.ciphers.some((name) => name.startsWith("chacha20-poly1305"));
  if (isTruncatable && !offer.kex.includes(STRICT_KEX)) {
    weak.push("cipher chacha20-poly1305 without strict key exchange");
  }
  return weak;
}
