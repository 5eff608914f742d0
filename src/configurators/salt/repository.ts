import { quote } from "../../program/quote.ts";
import type { RepositoryResource, Resource } from "../../program/resource.ts";

/**
 * The Salt Project's own repository: one suite for all releases of Debian and Ubuntu (salt-install-guide, salt.sources,
 * 2026-07-23).
 */
const OFFICIAL_URL = "https://packages.broadcom.com/artifactory/saltproject-deb";
/**
 * The key that signs it, 64CBBC8173D76B3F "Salt Project Packaging" of 2023. The whole fingerprint was found in public sources
 * that do not depend on each other: Salt's own tests (tests/pytests/functional/states/test_pkgrepo.py, with one digit more, as
 * the key that there is not), a Puppet module that installs Salt, and a pinned installation of 3006.27; its last 16 digits in
 * apt's messages about the repository (saltstack/salt#69740). It was never held against the key at its source.
 */
const OFFICIAL_KEY = {
  url: "https://packages.broadcom.com/artifactory/api/security/keypair/SaltProjectKey/public",
  fingerprint: "10857FFDD3F91EAE577A21D664CBBC8173D76B3F",
} as const;

const NAME = "salt";
const KEYRING = `/etc/apt/keyrings/bootmachine-${NAME}.asc`;
const SOURCE = `/etc/apt/sources.list.d/bootmachine-${NAME}.sources`;

/** The fingerprint that the keyring was held against, and the checksum that it had then. */
const KEY_PROOF = `/var/lib/bootmachine/${NAME}-key`;

/** A key as text, or where it is and what its fingerprint must be. */
export type SigningKey = string | { readonly url: string; readonly fingerprint: string };

/** Where packages come from: the official repository or a mirror, signed with the official key or another one. */
export function repositoryResources(
  uri: string = OFFICIAL_URL,
  key: SigningKey = OFFICIAL_KEY,
): readonly Resource[] {
  const repository = {
    type: "repository",
    name: NAME,
    uri,
    suite: "stable",
    components: ["main"],
  } as const;
  return typeof key === "string"
    ? [{ ...repository, key } satisfies RepositoryResource]
    : fetchedKeyResources(uri, key);
}

/** As the `repository` resource, with a key that each server fetches and holds against the fingerprint. */
function fetchedKeyResources(
  uri: string,
  key: { readonly url: string; readonly fingerprint: string },
): readonly Resource[] {
  return [
    { type: "package", id: "tools for salt's key", names: ["gpg", "ca-certificates"] },
    { type: "directory", path: "/etc/apt/keyrings" },
    {
      type: "command",
      id: "salt's key, by its fingerprint",
      check: `[ -s ${KEYRING} ] && [ "$(cat ${KEY_PROOF} 2>/dev/null)" = "${key.fingerprint} $(sha256sum <${KEYRING})" ]`,
      run: `set -e
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
openpgp() {
  gpg --homedir "$new" --no-autostart --batch --quiet "$@"
}
fingerprints() {
  # Of the primary keys, one a line.
  openpgp --with-colons --show-keys "$new/key" |
    awk -F: '$1 == "pub" { primary = 1 } $1 == "fpr" && primary { print $10; primary = 0 }'
}
/usr/lib/apt/apt-helper -o Acquire::Retries=3 download-file ${quote(key.url)} "$new/key"
if ! fingerprints | grep -qx ${key.fingerprint}; then
  echo 'the key there has another fingerprint than ${key.fingerprint}:' >&2
  fingerprints >&2
  exit 1
fi
# Whatever else came with it does not count.
openpgp --import "$new/key"
openpgp --armor --export ${key.fingerprint} >"$new/one"
chmod 0644 "$new/one"
mv "$new/one" ${KEYRING}
mkdir -p -m 0700 /var/lib/bootmachine
echo "${key.fingerprint} $(sha256sum <${KEYRING})" >${KEY_PROOF}`,
      timeoutSeconds: 180,
    },
    {
      type: "file",
      path: SOURCE,
      // apt's lists are refreshed before packages are installed where sources are newer than they.
      content: [
        "# Written by bootmachine.",
        "Types: deb",
        `URIs: ${uri}`,
        "Suites: stable",
        "Components: main",
        `Signed-By: ${KEYRING}`,
        "",
      ].join("\n"),
    },
  ];
}
